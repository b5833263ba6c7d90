import { stringify } from 'yaml';
import type { Component } from '../../component/component.js';
import type { Outgoing } from './outgoing.js';

/** A CloudFormation template, as data. */
export interface CloudTemplate {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, object>>;
  readonly Conditions: Readonly<Record<string, object>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** The name of the core device that sent a message. A nucleus with many subscriptions has further connections, `thing#2` and so on. */
const DEVICE = "regexp_replace(clientid(), '#[0-9]+$', '')";

/**
 * The statement of a topic's rule: the message, and beside it which device it is from, on which topic, and when it arrived. What is no JSON
 * object is base64 in it.
 *
 * Source: AWS IoT Core developer guide, "AWS IoT SQL reference": FROM, and the functions `clientid`, `topic`, `timestamp`, `encode`,
 * `get_user_properties`.
 */
export function ruleSql({ ruleFilter, marks }: Outgoing): string {
  const property = (name: string): string => `get(get_user_properties('outbox-${name}'), 0)`;
  const beside = [`${DEVICE} AS device`, 'topic() AS topic', 'timestamp() AS arrivedAt'];
  const members = [
    `${property('epoch')} AS epoch`,
    `${property('stream')} AS stream`,
    `cast(${property('number')} AS Int) AS number`,
    `cast(${property('stored-at')} AS Int) AS storedAt`,
    `cast(${property('attempt')} AS Int) AS attempt`,
    `CASE ${property('replayed')} WHEN 'true' THEN true ELSE false END AS replayed`,
    `cast(${property('oldest')} AS Int) AS oldest`,
  ];
  const selected =
    marks?.as === 'wrap'
      ? ['*', ...beside]
      : ["encode(*, 'base64') AS payloadBase64", ...beside, ...(marks?.as === 'members' ? members : [])];
  // Without FROM only Basic Ingest triggers it: with one, what others publish to such topics would come as well.
  return `SELECT ${selected.join(', ')}${ruleFilter === undefined ? '' : ` FROM '${ruleFilter.replaceAll("'", "''")}'`}`;
}

const PARAMETERS = {
  BucketName: { Type: 'String', Description: 'An S3 bucket, for the files that Amazon Data Firehose writes.' },
  KafkaDestinationArn: {
    Type: 'String',
    Default: '',
    Description: 'The VPC destination of AWS IoT rules that reaches the Kafka cluster. Empty: nothing goes to Kafka.',
  },
  KafkaBootstrapServers: { Type: 'String', Default: '', Description: 'The brokers, such as b-1.example:9096,b-2.example:9096.' },
  KafkaSecretName: {
    Type: 'String',
    Default: 'AmazonMSK_rules',
    Description: 'A secret of Secrets Manager with username and password, for SASL/SCRAM, as Amazon MSK has it.',
  },
};

/** The cloud side of the component's topics: for each a rule, and a stream that writes files; and the roles that these need. */
export function cloudTemplate({ name, version }: Pick<Component, 'name' | 'version'>, all: readonly Outgoing[]): CloudTemplate {
  const resources: Record<string, Resource> = {
    RuleRole: role('iot.amazonaws.com', [
      allow(
        ['firehose:PutRecord'],
        all.map(each => ({ 'Fn::GetAtt': [`${each.id}Stream`, 'Arn'] })),
      ),
      allow(['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'], { 'Fn::GetAtt': ['RuleErrors', 'Arn'] }),
      {
        'Fn::If': [
          'ToKafka',
          allow(
            ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
            sub('arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${KafkaSecretName}-*'),
          ),
          { Ref: 'AWS::NoValue' },
        ],
      },
    ]),
    StreamRole: role('firehose.amazonaws.com', [
      allow(
        [
          's3:AbortMultipartUpload',
          's3:GetBucketLocation',
          's3:GetObject',
          's3:ListBucket',
          's3:ListBucketMultipartUploads',
          's3:PutObject',
        ],
        [sub('arn:${AWS::Partition}:s3:::${BucketName}'), sub('arn:${AWS::Partition}:s3:::${BucketName}/*')],
      ),
    ]),
    RuleErrors: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
  };
  for (const outgoing of all) {
    resources[`${outgoing.id}Rule`] = rule(outgoing);
    resources[`${outgoing.id}Stream`] = stream(outgoing);
  }
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Where the messages of ${name} ${version} go, derived by greengrass-rx cloud.`,
    Parameters: PARAMETERS,
    Conditions: { ToKafka: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'KafkaDestinationArn' }, ''] }] } },
    Resources: resources,
  };
}

/** The template as a file's text. */
export function templateText(template: CloudTemplate): string {
  return stringify(template, { lineWidth: 0, aliasDuplicateObjects: false, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}

function rule(outgoing: Outgoing): Resource {
  const { ruleName, filters } = outgoing;
  return {
    Type: 'AWS::IoT::TopicRule',
    Properties: {
      RuleName: ruleName,
      TopicRulePayload: {
        Description: `Messages to ${filters.join(', ')}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 256),
        AwsIotSqlVersion: '2016-03-23',
        Sql: ruleSql(outgoing),
        RuleDisabled: false,
        Actions: [
          {
            Firehose: {
              DeliveryStreamName: { Ref: `${outgoing.id}Stream` },
              RoleArn: { 'Fn::GetAtt': ['RuleRole', 'Arn'] },
              // One record a message: taken apart by the rule, a batch would lose its id, and at most 500 of an array are taken.
              BatchMode: false,
              Separator: '\n',
            },
          },
          { 'Fn::If': ['ToKafka', kafkaAction(outgoing), { Ref: 'AWS::NoValue' }] },
        ],
        ErrorAction: { CloudwatchLogs: { LogGroupName: { Ref: 'RuleErrors' }, RoleArn: { 'Fn::GetAtt': ['RuleRole', 'Arn'] } } },
      },
    },
  };
}

/** By device, so that what comes of one stays in its order. */
function kafkaAction({ name, marks }: Outgoing): object {
  const id = { epoch: '${epoch}', number: '${number}' };
  const members = {
    epoch: "${get(get_user_properties('outbox-epoch'), 0)}",
    number: "${get(get_user_properties('outbox-number'), 0)}",
  };
  const headers = { topic: '${topic()}', ...(marks?.as === 'wrap' ? id : marks?.as === 'members' ? members : {}) };
  // The documentation of Fn::Sub does not say what becomes of a name within ${!…}.
  const secret = (key: string): object => ({
    'Fn::Join': [
      '',
      ["${get_secret('", { Ref: 'KafkaSecretName' }, `', 'SecretString', '${key}', '`, { 'Fn::GetAtt': ['RuleRole', 'Arn'] }, "')}"],
    ],
  });
  return {
    Kafka: {
      DestinationArn: { Ref: 'KafkaDestinationArn' },
      Topic: name,
      Key: `\${${DEVICE}}`,
      Headers: Object.entries(headers).map(([key, value]) => ({ Key: key, Value: value })),
      ClientProperties: {
        'bootstrap.servers': { Ref: 'KafkaBootstrapServers' },
        acks: 'all',
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.scram.username': secret('username'),
        'sasl.scram.password': secret('password'),
      },
    },
  };
}

function stream(outgoing: Outgoing): Resource {
  const { name } = outgoing;
  return {
    Type: 'AWS::KinesisFirehose::DeliveryStream',
    Properties: {
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: {
        BucketARN: sub('arn:${AWS::Partition}:s3:::${BucketName}'),
        RoleARN: { 'Fn::GetAtt': ['StreamRole', 'Arn'] },
        Prefix: `${name}/`,
        ErrorOutputPrefix: `${name}-failed/`,
        BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 64 },
        CompressionFormat: 'GZIP',
      },
    },
  };
}

function role(service: string, statements: readonly object[]): Resource {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: 'needed', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

function allow(actions: readonly string[], resource: unknown): object {
  return { Effect: 'Allow', Action: actions, Resource: resource };
}

function sub(text: string): object {
  return { 'Fn::Sub': text };
}
