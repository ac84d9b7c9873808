package lucid.grpo.cli;

import picocli.CommandLine.IVersionProvider;

/// What `lucid --version` prints.
final class Version implements IVersionProvider {
    @Override public String[] getVersion() {
        String version = Lucid.class.getPackage().getImplementationVersion();
        return new String[] {"lucid " + (version == null ? "(development build)" : version) + ", Java " + Runtime.version()};
    }
}
