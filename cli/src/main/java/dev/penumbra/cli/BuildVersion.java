package dev.penumbra.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The versions that {@code --version} prints. */
final class BuildVersion implements IVersionProvider {
    private static final String RESOURCE = "build.properties";

    /** The version that this program was built as. */
    static String current() {
        return properties().getProperty("version");
    }

    private static Properties properties() {
        Properties properties = new Properties();
        try (InputStream resource = BuildVersion.class.getResourceAsStream(RESOURCE)) {
            if (resource == null) {
                throw new IllegalStateException(RESOURCE + " is missing");
            }
            properties.load(resource);
        } catch (IOException e) {
            throw new IllegalStateException(RESOURCE + " cannot be read", e);
        }
        return properties;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "penumbra " + current(), "Apache Ignite " + properties().getProperty("ignite"), "Java " + Runtime.version()
        };
    }
}
