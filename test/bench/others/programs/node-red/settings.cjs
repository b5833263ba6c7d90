/** Node-RED without its editor, as its page of settings has it: https://nodered.org/docs/user-guide/runtime/configuration. */
module.exports = {
  flowFile: 'flows.json',
  httpAdminRoot: false,
  httpNodeRoot: false,
  logging: { console: { level: 'warn', metrics: false, audit: false } },
};
