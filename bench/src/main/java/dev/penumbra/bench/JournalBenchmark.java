package dev.penumbra.bench;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Appending transactions to a journal beside appending the very same records, byte for byte, to a bare Chronicle queue that
 * is set up alike.
 *
 * <p>Changes come with their images encoded, as a relay takes them from an outbox, or as rows that are encoded on the way.
 */
final class JournalBenchmark implements Benchmark {
    private static final String QUEUE_FILE = ".cq4";

    private record Workload(String name, int changes, int changesPerCommit, boolean encoded) {}

    @Override
    public String name() {
        return "journal";
    }

    @Override
    public String ratio() {
        return "changes a second into the journal / into a bare Chronicle queue that is given the same bytes";
    }

    @Override
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        int changes = effort.of(500, 100_000, 400_000);
        List<BenchmarkCase> cases = new ArrayList<>();
        for (Workload workload : List.of(
                new Workload("images/commit-each", changes, 1, true),
                new Workload("images/commit-100", changes, 100, true),
                new Workload("rows/commit-100", changes, 100, false))) {
            if (wanted.test(workload.name())) {
                progress.accept(workload.name());
                cases.add(compare(workload, effort));
            }
        }
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    private static BenchmarkCase compare(Workload workload, Effort effort) throws Exception {
        List<Row> rows = TpchRows.orders(workload.changes());
        List<byte[]> images = images(rows);
        List<byte[]> records = records(workload, rows, images);
        Rounds.Comparison comparison = Rounds.compare(
                effort.of(0, 2, 4),
                effort.of(1, 7, 15),
                () -> appendBare(workload, records),
                () -> appendJournal(workload, rows, images));
        double baseline = 1e6 / comparison.baselineMedian(0);
        double measured = 1e6 / comparison.measuredMedian(0);
        Map<String, Double> beside = new LinkedHashMap<>();
        beside.put("ratioMin", comparison.smallestRatio());
        beside.put("ratioMax", comparison.largestRatio());
        beside.put("cpuRatio", comparison.baselineMedian(1) / comparison.measuredMedian(1));
        beside.put("cpuMicrosBaseline", comparison.baselineMedian(1));
        beside.put("cpuMicrosMeasured", comparison.measuredMedian(1));
        beside.put("recordsPerChange", (double) records.size() / workload.changes());
        beside.put(
                "bytesPerChange",
                (double) records.stream().mapToLong(record -> record.length).sum() / workload.changes());
        return new BenchmarkCase(workload.name(), baseline, measured, measured / baseline, "changes/s", beside);
    }

    private static List<byte[]> images(List<Row> rows) {
        Output output = new Output(512, 1 << 16);
        List<byte[]> images = new ArrayList<>(rows.size());
        for (Row row : rows) {
            output.reset();
            EventImages.write(output, Operation.INSERT, TpchRows.ORDERS, null, row);
            images.add(output.toBytes());
        }
        return images;
    }

    /** Every record that the workload leaves in a journal after what opening it writes. */
    private static List<byte[]> records(Workload workload, List<Row> rows, List<byte[]> images) throws IOException {
        try (ScratchDirectory directory = ScratchDirectory.create()) {
            int skip;
            try (DualJournal journal = open(directory.path())) {
                JournalWriter writer = journal.current();
                skip = read(queueDirectory(directory.path())).size();
                append(writer, workload, rows, images);
            }
            List<byte[]> records = read(queueDirectory(directory.path()));
            return new ArrayList<>(records.subList(skip, records.size()));
        }
    }

    private static List<byte[]> read(Path queueDirectory) {
        List<byte[]> records = new ArrayList<>();
        try (ChronicleQueue queue = queue(queueDirectory);
                ExcerptTailer tailer = queue.createTailer()) {
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) {
                        return records;
                    }
                    records.add(document.wire().bytes().toByteArray());
                }
            }
        }
    }

    private static Path queueDirectory(Path journal) throws IOException {
        try (Stream<Path> files = Files.walk(journal)) {
            Path file = files.filter(path -> path.toString().endsWith(QUEUE_FILE))
                    .findFirst()
                    .orElseThrow();
            return file.resolveSibling("");
        }
    }

    private static DualJournal open(Path directory) {
        return DualJournal.open(directory, "bench", JournalConfiguration.DEFAULT, Clock.systemUTC());
    }

    /** As the journal opens its own. */
    private static ChronicleQueue queue(Path directory) {
        return SingleChronicleQueueBuilder.binary(directory)
                .blockSize(JournalConfiguration.BLOCK_BYTES_DEFAULT)
                .rollCycle(RollCycles.FAST_HOURLY)
                .syncMode(SyncMode.NONE)
                .build();
    }

    private static double[] appendJournal(Workload workload, List<Row> rows, List<byte[]> images) throws IOException {
        try (ScratchDirectory directory = ScratchDirectory.create();
                DualJournal journal = open(directory.path())) {
            JournalWriter writer = journal.current();
            return timed(workload, () -> append(writer, workload, rows, images));
        }
    }

    private static void append(JournalWriter writer, Workload workload, List<Row> rows, List<byte[]> images) {
        int next = 0;
        for (long number = 1; next < workload.changes(); number++) {
            int end = Math.min(workload.changes(), next + workload.changesPerCommit());
            try (JournalWriter.TransactionAppender transaction = writer.begin(new TransactionId(1, number))) {
                for (; next < end; next++) {
                    if (workload.encoded()) {
                        transaction.event(TpchRows.ORDERS, next + 1, Origin.CAPTURED, images.get(next));
                    } else {
                        transaction.change(TpchRows.ORDERS, Operation.INSERT, Origin.CAPTURED, null, rows.get(next));
                    }
                }
                transaction.commit();
            }
        }
    }

    private static double[] appendBare(Workload workload, List<byte[]> records) throws IOException {
        try (ScratchDirectory directory = ScratchDirectory.create();
                ChronicleQueue queue = queue(directory.path());
                ExcerptAppender appender = queue.createAppender()) {
            // Opening a journal writes to its queue; the files of both exist when the clock starts.
            appendRecord(appender, new byte[Long.BYTES]);
            return timed(workload, () -> {
                for (byte[] record : records) {
                    appendRecord(appender, record);
                }
            });
        }
    }

    private static void appendRecord(ExcerptAppender appender, byte[] record) {
        try (DocumentContext document = appender.writingDocument()) {
            document.wire().bytes().write(record);
        }
    }

    /** Microseconds a change: elapsed and the thread's processor time. */
    private static double[] timed(Workload workload, Runnable work) {
        long cpu = ThreadTime.own();
        long begin = System.nanoTime();
        work.run();
        double elapsed = System.nanoTime() - begin;
        double used = ThreadTime.own() - cpu;
        return new double[] {elapsed / 1e3 / workload.changes(), used / 1e3 / workload.changes()};
    }
}
