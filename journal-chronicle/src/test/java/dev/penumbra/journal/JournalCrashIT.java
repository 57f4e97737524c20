package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kills writing processes with SIGKILL at random moments. {@code -Dpenumbra.crash.seeds=N} runs more seeds,
 * {@code -Dpenumbra.crash.seed=S} runs one again.
 */
class JournalCrashIT {
    private static final int DEFAULT_SEEDS = 2;
    private static final int KILLS = 3;
    private static final Duration LONGEST_OPEN = Duration.ofSeconds(5);

    @TempDir
    Path directory;

    /** A committed transaction as its writer acknowledged it or a reader saw it. */
    private record Seen(Position last, long transaction, long size) {}

    static LongStream seeds() {
        Long one = Long.getLong("penumbra.crash.seed");
        return one != null
                ? LongStream.of(one)
                : LongStream.rangeClosed(1, Long.getLong("penumbra.crash.seeds", DEFAULT_SEEDS));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void kill_whileThreadsAppend_losesNothingAcknowledged_andInventsNothing(long seed) throws Exception {
        crashAndCompare("write", seed);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void kill_aroundPromotion_leavesExactlyOneCurrentJournal_inWhichAllReadersGoOn(long seed) throws Exception {
        crashAndCompare("promote", seed);
    }

    private void crashAndCompare(String mode, long seed) throws Exception {
        System.out.println(mode + " seed " + seed + ", again with -Dpenumbra.crash.seed=" + seed);
        Random random = new Random(seed);
        List<Seen> acknowledged = new ArrayList<>();
        List<Seen> lived = new ArrayList<>();
        Journals.open(directory).close();
        try (JournalReader living = JournalReader.open(directory, Position.START)) {
            for (int kill = 0; kill < KILLS; kill++) {
                acknowledged.addAll(runAndKill(mode, random, 2_000_000L * kill, living, lived));
                long begun = System.nanoTime();
                try (DualJournal journal = Journals.open(directory)) {
                    JournalWriter writer = journal.current();
                    Duration opening = Duration.ofNanos(System.nanoTime() - begun);
                    System.out.println("opened in " + opening.toMillis() + " ms " + writer.recovered());
                    assertThat(opening).isLessThan(LONGEST_OPEN);
                    long transaction = 2_000_000L * kill + 1_999_998;
                    Position end = Journals.insert(writer, transaction, transaction * 10_000);
                    acknowledged.add(new Seen(end, transaction, 1));
                    await().atMost(Duration.ofSeconds(20)).until(() -> {
                        drain(living, lived);
                        return living.position().equals(end);
                    });
                }
            }
        }
        List<Seen> read = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            drain(reader, read);
        }
        assertThat(lived).as("what a reader saw that lived through it").isEqualTo(read);
        assertThat(read).containsAll(acknowledged);
        assertThat(read.stream().map(Seen::transaction)).doesNotHaveDuplicates().allMatch(number -> number % 2 == 0);
        assertThat(read.size() - acknowledged.size())
                .as("committed and killed before it could be acknowledged: one a thread at most")
                .isBetween(0, 3 * KILLS);
        JournalVerification verification = JournalVerification.of(directory);
        assertThat(verification.error()).isNull();
        assertThat(verification.ok()).isTrue();
        assertThat(verification.transactions()).isEqualTo(read.size());
    }

    private List<Seen> runAndKill(String mode, Random random, long first, JournalReader living, List<Seen> lived)
            throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@" + Path.of("..", "penumbra-jvm.opts"),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashingWriter.class.getName(),
                        mode,
                        directory.toString(),
                        Long.toString(random.nextLong()),
                        Long.toString(first))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
        CompletableFuture<Void> pump = CompletableFuture.runAsync(() -> pump(process, lines));
        int acknowledgements = 1 + random.nextInt(mode.equals("write") ? 1500 : 200);
        long extraNanos = random.nextInt(20_000_000);
        try {
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> {
                        drain(living, lived);
                        return lines.size() >= acknowledgements || !process.isAlive();
                    });
            long until = System.nanoTime() + extraNanos;
            while (System.nanoTime() - until < 0) {
                drain(living, lived);
            }
            assertThat(process.isAlive()).as("the writer still writes").isTrue();
        } finally {
            // Process.destroyForcibly would close its output too, with acknowledgements in it that were not read yet.
            process.toHandle().destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            pump.get(30, TimeUnit.SECONDS);
        }
        return lines.stream()
                .filter(line -> line.startsWith("C "))
                .map(JournalCrashIT::parse)
                .toList();
    }

    private static void pump(Process process, ConcurrentLinkedQueue<String> lines) {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            StringBuilder line = new StringBuilder();
            for (int next = output.read(); next >= 0; next = output.read()) {
                // A last line without its end was cut off by the kill.
                if (next == '\n') {
                    lines.add(line.toString());
                    line.setLength(0);
                } else {
                    line.append((char) next);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Seen parse(String line) {
        String[] words = line.split(" ", 4);
        return new Seen(Position.parse(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]));
    }

    private static void drain(JournalReader reader, List<Seen> into) {
        for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
            long expected = next.id().number() * CrashingWriter.ROWS_PER_TRANSACTION;
            long size = 0;
            for (Change change : next) {
                assertThat(change.key()).isEqualTo(Key.of(expected++));
                String owner = String.valueOf(
                        change.after() == null ? null : change.after().get(1));
                assertThat(owner)
                        .isIn("of " + next.size(), "owner " + change.key().get(0));
                size++;
            }
            assertThat(size).isEqualTo(next.size());
            into.add(new Seen(next.last(), next.id().number(), size));
        }
    }
}
