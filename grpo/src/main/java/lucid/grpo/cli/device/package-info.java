/// The machine on the command line: the option that names a device, and the command that lists what there is.
/// It opens devices and knows nothing of what runs on them.
/// Start with [DeviceOption].
package lucid.grpo.cli.device;
