package com.example.peers;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import software.amazon.awssdk.aws.greengrass.GreengrassCoreIPCClientV2;
import software.amazon.awssdk.aws.greengrass.model.*;

/** A component with the SDK's client of version 2, for the services beside the MQTT proxy. What it sees it prints, a line each. */
public class NucleusServices {
    public static void main(String[] args) throws Exception {
        try (GreengrassCoreIPCClientV2 client = GreengrassCoreIPCClientV2.builder().build()) {
            switch (args[0]) {
                case "local":
                    localTopics(client, args[1]);
                    break;
                case "configuration":
                    configuration(client);
                    break;
                case "validate":
                    validate(client);
                    break;
                case "updates":
                    updates(client);
                    break;
                default:
                    throw new IllegalArgumentException(args[0]);
            }
        }
        // The client's threads go on for a minute after its end.
        System.exit(0);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /** Gets its own messages, one of JSON and one of bytes. */
    private static void localTopics(GreengrassCoreIPCClientV2 client, String topic) throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        SubscribeToTopicRequest request = new SubscribeToTopicRequest();
        request.setTopic(topic);
        request.setReceiveMode(ReceiveMode.RECEIVE_ALL_MESSAGES);
        client.subscribeToTopic(request, event -> {
            if (event.getJsonMessage() != null) say("json " + event.getJsonMessage().getContext().getTopic() + " " + event.getJsonMessage().getMessage());
            if (event.getBinaryMessage() != null) {
                String text = new String(event.getBinaryMessage().getMessage(), StandardCharsets.UTF_8);
                say("binary " + event.getBinaryMessage().getContext().getTopic() + " " + text);
            }
            both.countDown();
        }, Optional.empty(), Optional.empty());
        client.publishToTopic(publication(topic, new PublishMessage().withJsonMessage(new JsonMessage().withMessage(Collections.singletonMap("celsius", 21.5)))));
        client.publishToTopic(publication(topic, new PublishMessage().withBinaryMessage(new BinaryMessage().withMessage("Hello, Java".getBytes(StandardCharsets.UTF_8)))));
        both.await();
        try {
            client.publishToTopic(publication("other/topic", new PublishMessage().withBinaryMessage(new BinaryMessage().withMessage(new byte[] {0}))));
        } catch (UnauthorizedError refused) {
            say("unauthorized");
        }
    }

    private static PublishToTopicRequest publication(String topic, PublishMessage message) {
        PublishToTopicRequest request = new PublishToTopicRequest();
        request.setTopic(topic);
        request.setPublishMessage(message);
        return request;
    }

    /** Follows its own configuration, writes to it, and reads it back. Ends when it has been changed by somebody else. */
    private static void configuration(GreengrassCoreIPCClientV2 client) throws Exception {
        CountDownLatch redeployed = new CountDownLatch(1);
        SubscribeToConfigurationUpdateRequest all = new SubscribeToConfigurationUpdateRequest();
        all.setKeyPath(Collections.emptyList());
        client.subscribeToConfigurationUpdate(all, event -> {
            String key = String.join("/", event.getConfigurationUpdateEvent().getKeyPath());
            say("changed " + key);
            if (key.equals("config/limit")) redeployed.countDown();
        }, Optional.empty(), Optional.empty());
        UpdateConfigurationRequest update = new UpdateConfigurationRequest();
        update.setKeyPath(Collections.emptyList());
        // With a fraction: Lite refuses a whole second.
        update.setTimestamp(Instant.ofEpochMilli(4102444800500L));
        update.setValueToMerge(Map.of("interval", 5));
        client.updateConfiguration(update);
        GetConfigurationRequest get = new GetConfigurationRequest();
        get.setKeyPath(Collections.singletonList("interval"));
        say("read " + ((Number) client.getConfiguration(get).getValue().get("interval")).intValue());
        redeployed.await();
    }

    /** Refuses the first configuration that a deployment has for it. */
    private static void validate(GreengrassCoreIPCClientV2 client) throws Exception {
        CountDownLatch refused = new CountDownLatch(1);
        client.subscribeToValidateConfigurationUpdates(new SubscribeToValidateConfigurationUpdatesRequest(), event -> {
            ConfigurationValidityReport report = new ConfigurationValidityReport();
            report.setDeploymentId(event.getValidateConfigurationUpdateEvent().getDeploymentId());
            report.setStatus(ConfigurationValidityStatus.REJECTED);
            report.setMessage("not today");
            SendConfigurationValidityReportRequest request = new SendConfigurationValidityReportRequest();
            request.setConfigurationValidityReport(report);
            client.sendConfigurationValidityReportAsync(request).thenRun(refused::countDown);
        }, Optional.empty(), Optional.empty());
        say("validates");
        refused.await();
    }

    /** Reports that it runs, defers the first announcement of an update, and lets the second one go on. */
    private static void updates(GreengrassCoreIPCClientV2 client) throws Exception {
        UpdateStateRequest running = new UpdateStateRequest();
        running.setState(ReportedLifecycleState.RUNNING);
        client.updateState(running);
        CountDownLatch over = new CountDownLatch(1);
        AtomicBoolean hasDeferred = new AtomicBoolean();
        try {
            client.subscribeToComponentUpdates(new SubscribeToComponentUpdatesRequest(), event -> {
                if (event.getPreUpdateEvent() != null) {
                    boolean isFirst = hasDeferred.compareAndSet(false, true);
                    DeferComponentUpdateRequest answer = new DeferComponentUpdateRequest();
                    answer.setDeploymentId(event.getPreUpdateEvent().getDeploymentId());
                    answer.setRecheckAfterMs(isFirst ? 1L : 0L);
                    say(isFirst ? "defers" : "lets go on");
                    client.deferComponentUpdateAsync(answer);
                }
                if (event.getPostUpdateEvent() != null) {
                    say("updated");
                    over.countDown();
                }
            }, Optional.empty(), Optional.empty());
        } catch (ServiceError notThere) {
            say("no updates here");
            return;
        }
        say("waits for updates");
        over.await();
    }
}
