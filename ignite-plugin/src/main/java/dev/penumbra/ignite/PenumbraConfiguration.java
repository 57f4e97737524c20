package dev.penumbra.ignite;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Stable;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.plugin.PluginConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * Configures Penumbra on one node; a bean for Spring XML and Java, put into
 * {@link org.apache.ignite.configuration.IgniteConfiguration#setPluginConfigurations}.
 *
 * <p>Settings must not change once the node has started. Home datacenter, partitions, backups and data region must be the
 * same on all nodes.
 */
@Stable
public class PenumbraConfiguration implements PluginConfiguration {
    /** The home datacenter unless configured otherwise. */
    public static final String HOME_DATACENTER_DEFAULT = "home";

    /** How many changes a batch holds unless configured otherwise. */
    public static final int BATCH_ROWS_DEFAULT = 4_096;

    /** The size of a dictionary in bytes unless configured otherwise. */
    public static final int DICTIONARY_BYTES_DEFAULT = 64 << 10;

    /** The name of the grid's own tables as a source unless configured otherwise. */
    public static final String CAPTURE_SOURCE_DEFAULT = "ignite";

    /** How often a trigger is tried with one change unless configured otherwise. */
    public static final int TRIGGER_ATTEMPTS_DEFAULT = 5;

    /** The pause before a trigger's second attempt unless configured otherwise. */
    public static final Duration TRIGGER_PAUSE_DEFAULT = Duration.ofMillis(100);

    /** How many calls of triggers run at the same time unless configured otherwise. */
    public static final int TRIGGER_THREADS_DEFAULT = 4;

    /** How often a node asks how stale the copies of its datacenter may be, unless configured otherwise. */
    public static final Duration HEARTBEAT_DEFAULT = Duration.ofMillis(100);
    /** For how long a read waits for a proof unless configured otherwise. */
    public static final Duration READ_PATIENCE_DEFAULT = Duration.ofSeconds(2);

    /** The default of {@link #auditPause()}. */
    public static final Duration AUDIT_PAUSE_DEFAULT = Duration.ofSeconds(1);

    private @Nullable Datacenter datacenter;
    private Datacenter homeDatacenter = Datacenter.of(HOME_DATACENTER_DEFAULT);
    private List<Path> journalDirectories = List.of();
    private int partitions = Storage.PARTITIONS_DEFAULT;
    private int backups = Storage.BACKUPS_DEFAULT;
    private @Nullable String dataRegion;
    private int batchRows = BATCH_ROWS_DEFAULT;
    private int dictionaryBytes = DICTIONARY_BYTES_DEFAULT;
    private Compression homeCompression = Compression.ZSTD;
    private List<Journal> journals = List.of();
    private @Nullable Path captureDirectory;
    private String captureSource = CAPTURE_SOURCE_DEFAULT;
    private List<String> triggerClasses = List.of();
    private int triggerAttempts = TRIGGER_ATTEMPTS_DEFAULT;
    private Duration triggerPause = TRIGGER_PAUSE_DEFAULT;
    private int triggerThreads = TRIGGER_THREADS_DEFAULT;
    private Duration heartbeat = HEARTBEAT_DEFAULT;
    private Duration readPatience = READ_PATIENCE_DEFAULT;
    private Duration auditPause = AUDIT_PAUSE_DEFAULT;
    private Duration pending = Duration.ZERO;
    private long memoryBudgetBytes;

    /** The datacenter this node is in, null when the system property or a user attribute names it, or none. */
    public @Nullable Datacenter datacenter() {
        return datacenter;
    }

    /** Sets the datacenter this node is in; the system property {@code IGNITE_DATA_CENTER_ID} wins over it. */
    public PenumbraConfiguration setDatacenter(String name) {
        this.datacenter = Datacenter.of(name);
        return this;
    }

    /** The datacenter that holds the home images. */
    public Datacenter homeDatacenter() {
        return homeDatacenter;
    }

    /** Sets the datacenter that holds the home images. */
    public PenumbraConfiguration setHomeDatacenter(String name) {
        this.homeDatacenter = Datacenter.of(name);
        return this;
    }

    /** The directories of the journals that this node ships from. */
    public List<Path> journalDirectories() {
        return journalDirectories;
    }

    /** Sets the directories of the journals that this node ships from. */
    public PenumbraConfiguration setJournalDirectories(List<String> directories) {
        this.journalDirectories = directories.stream().map(Path::of).toList();
        return this;
    }

    /** How copies are stored. */
    public Storage storage() {
        return new Storage(partitions, backups, dataRegion);
    }

    /** Sets how many partitions each copy has. */
    public PenumbraConfiguration setPartitions(int count) {
        this.partitions = inRange("partitions", count, 1, CacheConfiguration.MAX_PARTITIONS_COUNT);
        return this;
    }

    /** Sets how many further nodes of its datacenter hold each row. */
    public PenumbraConfiguration setBackups(int count) {
        this.backups = inRange("backups", count, 0, 16);
        return this;
    }

    /** Sets the Ignite data region that holds copies and their progress; null for the default region. */
    public PenumbraConfiguration setDataRegion(@Nullable String name) {
        this.dataRegion = name;
        return this;
    }

    /** How many changes the shipper gathers before it writes them. */
    public int batchRows() {
        return batchRows;
    }

    /** Sets how many changes the shipper gathers before it writes them; each feed holds two such batches in memory. */
    public PenumbraConfiguration setBatchRows(int rows) {
        this.batchRows = inRange("batchRows", rows, 1, 1 << 20);
        return this;
    }

    /** How large a dictionary may be, in bytes. */
    public int dictionaryBytes() {
        return dictionaryBytes;
    }

    /** Sets how large a dictionary may be, in bytes. */
    public PenumbraConfiguration setDictionaryBytes(int bytes) {
        this.dictionaryBytes = inRange("dictionaryBytes", bytes, 1 << 10, 1 << 20);
        return this;
    }

    /** How values of home images are stored. */
    public Compression homeCompression() {
        return homeCompression;
    }

    /** Sets how values of home images are stored. */
    public PenumbraConfiguration setHomeCompression(Compression compression) {
        this.homeCompression = compression;
        return this;
    }

    /** The directory of this node's journal of captured Ignite tables; null for one in Ignite's work directory. */
    public @Nullable Path captureDirectory() {
        return captureDirectory;
    }

    /** Sets the directory of this node's journal of captured Ignite tables. No two nodes may share one. */
    public PenumbraConfiguration setCaptureDirectory(@Nullable String directory) {
        this.captureDirectory = directory == null ? null : Path.of(directory);
        return this;
    }

    /** The name of the grid's own tables as a source. */
    public String captureSource() {
        return captureSource;
    }

    /** Sets the name of the grid's own tables as a source. */
    public PenumbraConfiguration setCaptureSource(String name) {
        this.captureSource = name;
        return this;
    }

    /** The classes that triggers on this node may call. */
    public List<String> triggerClasses() {
        return triggerClasses;
    }

    /**
     * Sets the classes that triggers on this node may call: full names, or {@code package.*} for a package and those below it.
     * None unless set.
     */
    public PenumbraConfiguration setTriggerClasses(List<String> classes) {
        this.triggerClasses = List.copyOf(classes);
        return this;
    }

    /** How often a trigger is tried with one change before the change goes to the dead letters. */
    public int triggerAttempts() {
        return triggerAttempts;
    }

    /** Sets how often a trigger is tried with one change before the change goes to the dead letters. */
    public PenumbraConfiguration setTriggerAttempts(int attempts) {
        this.triggerAttempts = inRange("triggerAttempts", attempts, 1, 1_000);
        return this;
    }

    /** The pause before a trigger's second attempt; it doubles with each further one. */
    public Duration triggerPause() {
        return triggerPause;
    }

    /** Sets the pause before a trigger's second attempt. */
    public PenumbraConfiguration setTriggerPauseMillis(int millis) {
        this.triggerPause = Duration.ofMillis(inRange("triggerPauseMillis", millis, 1, 60_000));
        return this;
    }

    /** How many calls of triggers run at the same time. */
    public int triggerThreads() {
        return triggerThreads;
    }

    /** Sets how many calls of triggers run at the same time. */
    public PenumbraConfiguration setTriggerThreads(int threads) {
        this.triggerThreads = inRange("triggerThreads", threads, 1, 256);
        return this;
    }

    /** How often this node asks how stale the copies of its datacenter may be. */
    public Duration heartbeat() {
        return heartbeat;
    }

    /** Sets how often this node asks how stale the copies of its datacenter may be. */
    public PenumbraConfiguration setHeartbeatMillis(int millis) {
        this.heartbeat = Duration.ofMillis(inRange("heartbeatMillis", millis, 10, 60_000));
        return this;
    }

    /** For how long a read waits until a copy can prove to have what was asked for, before it is refused. */
    public Duration readPatience() {
        return readPatience;
    }

    /** Sets for how long a read waits until a copy can prove to have what was asked for, before it is refused. */
    public PenumbraConfiguration setReadPatienceMillis(int millis) {
        this.readPatience = Duration.ofMillis(inRange("readPatienceMillis", millis, 1, 600_000));
        return this;
    }

    /** The pause between two partitions that the audit of shadows compares; zero when there is none. */
    public Duration auditPause() {
        return auditPause;
    }

    /** Sets the pause between two partitions that the audit of shadows compares; 0 for no audit. */
    public PenumbraConfiguration setAuditPauseMillis(int millis) {
        this.auditPause = Duration.ofMillis(inRange("auditPauseMillis", millis, 0, 3_600_000));
        return this;
    }

    /** For how long changes may be pending before this node writes them into shadows. */
    public Duration pending() {
        return pending;
    }

    /**
     * Sets for how long changes may be pending before this node writes them into shadows, when nobody needs them written; 0 to write them as
     * soon as they come.
     */
    public PenumbraConfiguration setPendingMillis(int millis) {
        this.pending = Duration.ofMillis(inRange("pendingMillis", millis, 0, 5_000));
        return this;
    }

    /** What the data region of copies may hold on this node before shadows make room, in bytes; 0 for nine tenths of the region. */
    public long memoryBudgetBytes() {
        return memoryBudgetBytes;
    }

    /**
     * Sets what the data region of copies may hold on this node before shadows make room, in bytes, at most the region's size; 0 for nine
     * tenths of it.
     */
    public PenumbraConfiguration setMemoryBudgetBytes(long bytes) {
        this.memoryBudgetBytes = inRange("memoryBudgetBytes", bytes, 0, Long.MAX_VALUE);
        return this;
    }

    /** Journals that are not in a directory. */
    List<Journal> journals() {
        return journals;
    }

    PenumbraConfiguration journals(List<Journal> others) {
        this.journals = List.copyOf(others);
        return this;
    }

    private static int inRange(String setting, int value, int min, int max) {
        return (int) inRange(setting, (long) value, min, max);
    }

    private static long inRange(String setting, long value, long min, long max) {
        if (value < min || value > max) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", setting)
                    .with("value", value)
                    .with("min", min)
                    .with("max", max);
        }
        return value;
    }
}
