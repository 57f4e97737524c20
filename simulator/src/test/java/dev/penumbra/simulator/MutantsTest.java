package dev.penumbra.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mistake in what decides about answers is found by the simulation; if not, its checker is not good enough. */
class MutantsTest {
    private static final int SECONDS = 10;
    private static final int MAX_SEEDS = 40;
    private static final String READ = "shadow-cache/src/main/java/dev/penumbra/shadow/read/";
    private static final String TAIL = "shadow-cache/src/main/java/dev/penumbra/shadow/tail/";
    private static final String MODEL = "model/src/main/java/dev/penumbra/model/";

    @TempDir
    Path directory;

    /**
     * A mistake.
     *
     * @param file where it is made, from the project's root
     * @param right what stands there, once
     * @param wrong what is put in its place
     * @param first the seed to begin with: one that finds what others seldom find
     */
    record Mutant(String name, String file, String right, String wrong, long first) {
        Mutant(String name, String file, String right, String wrong) {
            this(name, file, right, wrong, 1);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                new Mutant(
                        "an answer proves the moment of its arrival",
                        READ + "ProvenStaleness.java",
                        "applied.at(askedAt);",
                        "applied.at(nanos.getAsLong());"),
                new Mutant(
                        "moments are of the wall clock",
                        READ + "ProvenStaleness.java",
                        "pending.put(question, nanos.getAsLong());",
                        "pending.put(question, System.currentTimeMillis() * 1_000_000L);"),
                new Mutant(
                        "whatever has been proven once is proven for ever",
                        READ + "ProvenStaleness.java",
                        "return proven && provenAt - moment >= 0;",
                        "return proven;"),
                new Mutant(
                        "proofs are sought in the future",
                        READ + "ProvenStaleness.java",
                        "return proven && provenAt - moment >= 0;",
                        "return proven && moment - provenAt >= 0;"),
                new Mutant(
                        "those who wait are not told",
                        READ + "Freshness.java",
                        "waiting.proven().complete(null);",
                        "waiting.proven().isDone();"),
                new Mutant(
                        "what the source has is taken for applied",
                        READ + "ProbeDesk.java",
                        "boolean isApplied = applied.compareTo(one.upTo) >= 0;",
                        "boolean isApplied = applied.compareTo(one.upTo) >= -1;"),
                new Mutant(
                        "a question is answered by an answer to an earlier one",
                        READ + "ProbeDesk.java",
                        "said.question() >= first.number()) {",
                        "said.question() >= 0) {"),
                new Mutant(
                        "a question joins those that have been passed on",
                        READ + "ProbeDesk.java",
                        "passedOn.add(new Passed<>(questions, source.ask()));",
                        "passedOn.add(new Passed<>(questions, passedOn.isEmpty() ? source.ask() : passedOn.getLast().number()));"),
                new Mutant(
                        "the bound is not looked at",
                        READ + "ReadGate.java",
                        "OptionalLong.of(begun - nanosOf(asked.staleness()));",
                        "OptionalLong.empty();"),
                new Mutant(
                        "the bound is ten times as wide",
                        READ + "ReadGate.java",
                        "OptionalLong.of(begun - nanosOf(asked.staleness()));",
                        "OptionalLong.of(begun - 10 * nanosOf(asked.staleness()));"),
                new Mutant(
                        "the home image is taken for the source",
                        READ + "ReadGate.java",
                        "case VALIDATED, PRIMARY -> OptionalLong.of(begun);",
                        "case VALIDATED, PRIMARY -> OptionalLong.empty();"),
                new Mutant(
                        "the token is not looked at",
                        READ + "ReadGate.java",
                        "&& token.isWithin(",
                        "&& !token.isWithin(feed.source(), journal, Position.START) || token.isWithin("),
                new Mutant(
                        "a session forgets what it has seen",
                        READ + "ReadSession.java",
                        "if (!isNeverBehind(copy, other.getKey())) {",
                        "if (copy.seenAs().isEmpty()) {"),
                new Mutant(
                        "a session forgets a copy that another has overtaken in part",
                        READ + "ReadSession.java",
                        "&& proven.test(other.getValue().lastEnd));",
                        ");",
                        5),
                new Mutant(
                        "what is proven of a feed outlives it",
                        READ + "FeedName.java",
                        "UUID life) {",
                        "UUID life) { public FeedName { life = new UUID(0, 0); }",
                        42),
                new Mutant(
                        "what does not come in time is answered all the same",
                        READ + "ReadGate.java",
                        "choice.completeExceptionally(refusal(asking, candidates));",
                        "choice.complete(chosen(candidates.get(0)));"),
                new Mutant(
                        "a copy that was filled anew meanwhile is not noticed",
                        READ + "ReadGate.java",
                        "throw new PenumbraException(ErrorCode.COPY_REPLACED)",
                        "new PenumbraException(ErrorCode.COPY_REPLACED)"),
                new Mutant(
                        "a session notes the beginning of an answer only",
                        READ + "ReadSession.java",
                        "lastEnd = moment;",
                        "lastEnd = open;"),
                new Mutant(
                        "a session looks at the copy that answers",
                        READ + "ReadSession.java",
                        "if (!isNeverBehind(copy, other.getKey())) {",
                        "if (isNeverBehind(copy, other.getKey())) {"),
                new Mutant(
                        "a token's epoch is not looked at",
                        MODEL + "SessionToken.java",
                        "entry.getValue().compareTo(upTo) > 0",
                        "entry.getValue().sequence() > upTo.sequence()"),
                new Mutant(
                        "frames are given out as they come",
                        TAIL + "TailReceiver.java",
                        "frame = held.remove(taken + 1);",
                        "frame = held.remove(held.keySet().stream().findFirst().orElse(0L));"),
                new Mutant(
                        "a frame that is missing is passed over",
                        TAIL + "TailReceiver.java",
                        "frame = held.remove(taken + 1);",
                        "if (contiguous < sent && nanos.getAsLong() - missingSince > 500_000_000) { contiguous = sent; taken = sent - 1; }"
                                + " frame = held.remove(taken + 1);"),
                new Mutant(
                        "nobody notices that the last frame is lost",
                        TAIL + "TailReceiver.java",
                        "sent = framesSent;",
                        "sent = contiguous;"),
                new Mutant(
                        "an answer that the source gave before is passed on",
                        TAIL + "ProbeRelay.java",
                        "said.question() >= passedOnAs",
                        "said.question() >= 0"),
                new Mutant(
                        "a question that is lost is not asked again",
                        TAIL + "DistantProbe.java",
                        "known == null || known.question() < asked)",
                        "known == null || known.question() < 0)"),
                new Mutant(
                        "a finding is compared before home is proven",
                        READ + "Validator.java",
                        "proofs.add(freshness.provenSince(feed, asked));",
                        "proofs.add(CompletableFuture.completedFuture(null));"),
                new Mutant(
                        "a home image that is filled anew meanwhile is not noticed",
                        READ + "Validator.java",
                        ".filter(now -> now.copy().equals(copy))",
                        ".filter(now -> !copy.isEmpty())",
                        545),
                new Mutant(
                        "changes before a feed began are taken for none",
                        READ + "LastChanges.java",
                        "return known == null ? begun : known;",
                        "return known == null ? Position.START : known;"),
                new Mutant(
                        "a table's first change is taken for its last",
                        READ + "LastChanges.java",
                        "last.put(table, position);",
                        "last.putIfAbsent(table, position);"),
                new Mutant(
                        "a finding is given the answer to another",
                        READ + "Validations.java",
                        "open.get(number);",
                        "open.get(open.keySet().stream().findFirst().orElse(number));"),
                new Mutant(
                        "what nobody validates in time is given out",
                        READ + "Validations.java",
                        "same.completeExceptionally(refusal(findings))",
                        "same.complete(true)"),
                new Mutant(
                        "what is to be validated is given out as it is",
                        READ + "ReadGate.java",
                        "new Choice(candidate, staleness(candidate), true)",
                        "new Choice(candidate, staleness(candidate), false)"),
                new Mutant(
                        "a shadow that lacks a row as home does is taken to be as far as home",
                        READ + "ReadSession.java",
                        "findings.stream().anyMatch(Finding::lacksRows) ? BY_WAY_OF",
                        "findings.isEmpty() ? BY_WAY_OF",
                        740),
                new Mutant(
                        "what is pending is not looked at",
                        READ + "Pending.java",
                        "for (Taken layer : layers) {\n            Change<R> change",
                        "for (Taken layer : List.<Taken>of()) {\n            Change<R> change"),
                new Mutant(
                        "a change that is on its way is taken for written",
                        READ + "Pending.java",
                        "more.add(new Taken());",
                        "more.clear(); more.add(new Taken());"),
                new Mutant(
                        "of two pending changes the older one is read",
                        READ + "Pending.java",
                        "(newest == null || newest.isReplacedBy(change))",
                        "(newest == null || change.isReplacedBy(newest))"),
                new Mutant(
                        "what is being written ahead is not pending any more",
                        READ + "Pending.java",
                        "changes.put(key, change);\n                }",
                        "changes.put(key, change);\n                    from.changes.remove(key);\n                }"),
                new Mutant(
                        "what comes while its row is written ahead is forgotten with that",
                        READ + "Pending.java",
                        "changes.forEach(from.changes::remove);",
                        "from.changes.keySet().removeAll(changes.keySet());"),
                new Mutant(
                        "what the source has is taken for pending",
                        READ + "ProbeDesk.java",
                        "taken.compareTo(one.upTo) >= 0",
                        "taken.compareTo(one.upTo) >= -1"),
                new Mutant(
                        "a copy is read before what is pending has been merged into it",
                        READ + "FeedRun.java",
                        "CompletableFuture<Void> written = follows ? writing.apply(copy) : null;",
                        "CompletableFuture<Void> written = follows ? CompletableFuture.completedFuture(null) : null;"),
                new Mutant(
                        "a session forgets what it has seen of what is pending",
                        READ + "ReadSession.java",
                        "ownEnded(table, copy.seenAs(), copy.seenAs());",
                        "endedAsWithin(table, copy);"),
                new Mutant(
                        "a copy with what is pending is taken to be behind nothing",
                        READ + "ReadSession.java",
                        "|| other.equals(copy.within());",
                        "|| copy.within() != null;"),
                new Mutant(
                        "a copy stands for what was seen elsewhere because it was proven with what is pending",
                        READ + "ReadSession.java",
                        "if (copy.within() == null && !isAlone",
                        "if (!isAlone",
                        70),
                new Mutant(
                        "a change that stands is taken to be over",
                        READ + "Uncommitted.java",
                        "&& ids.stream().noneMatch(standing::contains)",
                        ""),
                new Mutant(
                        "what is over is sought too early in the journal",
                        READ + "Uncommitted.java",
                        "? new Ended(listedUpTo,",
                        "? new Ended(new Position(listedUpTo.epoch(), Math.max(0, listedUpTo.sequence() - 20)),"),
                new Mutant(
                        "what was taken back is taken for committed",
                        READ + "Uncommitted.java",
                        "learn(over.id(), held.remove(over));",
                        "learn(over.id(), true);"),
                new Mutant(
                        "what another transaction has left so is taken for committed",
                        READ + "Uncommitted.java",
                        "&& last.transaction().equals(intent.transaction())",
                        ""),
                new Mutant(
                        "what was changed again is taken for committed",
                        READ + "Uncommitted.java",
                        "learn(former.id(), false);",
                        "learn(former.id(), true);"),
                new Mutant(
                        "what is over by the journal is shown until a list lacks it",
                        READ + "Uncommitted.java",
                        "(changed != null && changed.compareTo(listedUpTo) > 0)",
                        "(changed == null && changed != null)"),
                new Mutant(
                        "of two changes of a row that stand the earlier one is shown",
                        READ + "Uncommitted.java",
                        "one.id() > two.id() ? one : two",
                        "one.id() > two.id() ? two : one",
                        10),
                new Mutant(
                        "a session forgets what it has seen in the database itself",
                        READ + "ReadSession.java",
                        "ownValidated(table, SOURCE);",
                        "table.length();"),
                new Mutant(
                        "two tokens make the earlier one",
                        MODEL + "SessionToken.java",
                        "one.compareTo(two) >= 0 ? one : two",
                        "one.compareTo(two) >= 0 ? two : one"));
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void isCaught(Mutant mutant) throws Exception {
        compile(mutant);
        try (URLClassLoader loader = loader()) {
            Class<?> simulation = loader.loadClass(Simulation.class.getName());
            for (long seed = mutant.first(); seed < mutant.first() + MAX_SEEDS; seed++) {
                Object report =
                        simulation.getMethod("run", long.class, int.class).invoke(null, seed, SECONDS);
                List<?> violations =
                        (List<?>) report.getClass().getMethod("violations").invoke(report);
                if (!violations.isEmpty()) {
                    System.out.printf("caught by seed %d: %s: %s%n", seed, mutant, violations.get(0));
                    return;
                }
            }
        }
        assertThat(mutant).as("not caught by %d seeds", MAX_SEEDS).isNull();
    }

    private void compile(Mutant mutant) throws IOException {
        Path file = Path.of("..").resolve(mutant.file());
        String source = Files.readString(file);
        assertThat(source.split(java.util.regex.Pattern.quote(mutant.right()), -1))
                .as("what stands once in %s: %s", file, mutant.right())
                .hasSize(2);
        Path mutated = Files.createDirectories(directory.resolve("source")).resolve(file.getFileName());
        Files.writeString(mutated, source.replace(mutant.right(), mutant.wrong()));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int failed = compiler.run(
                null,
                null,
                null,
                "-proc:none",
                "-nowarn",
                "-classpath",
                System.getProperty("java.class.path"),
                "-d",
                directory.toString(),
                mutated.toString());
        assertThat(failed).as("compiling %s", mutant).isZero();
    }

    /** The mutated class hides the one that is right, from all others too. */
    private URLClassLoader loader() throws MalformedURLException {
        List<URL> places = new ArrayList<>();
        places.add(directory.toUri().toURL());
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            places.add(Path.of(entry).toUri().toURL());
        }
        return new URLClassLoader(places.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }
}
