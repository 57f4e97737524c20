package dev.penumbra.bench;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/** The machine a report was made on. */
final class Machine {
    private Machine() {}

    /** Processors, Java, operating system and the load average of the last minute, which others may have caused. */
    static String describe() {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return String.format(
                Locale.ROOT,
                "%d processors, load average %.1f, %s %s, Java %s",
                Runtime.getRuntime().availableProcessors(),
                load,
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                System.getProperty("java.version"));
    }
}
