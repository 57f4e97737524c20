package dev.penumbra.bench;

import dev.penumbra.model.api.Internal;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** One comparison that can be run. Stateless; runs in one process disturb each other. */
@Internal
public interface Benchmark {
    /** What the command line calls it. */
    String name();

    /** What its ratios compare, in one line. */
    String ratio();

    /**
     * Measures, in temporary files that are gone afterwards.
     *
     * @param wanted says of a case by its name whether it is to be measured
     * @param progress is told what is being done
     * @throws Exception when what is measured fails
     */
    BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception;

    /** Every benchmark, in the order in which they are listed. */
    static List<Benchmark> all() {
        return List.of(
                new CaptureBenchmark(),
                new JournalBenchmark(),
                new CompressBenchmark(),
                new ShipBenchmark(),
                new ReadBenchmark(),
                new PreMergeBenchmark(),
                new ArchiveBenchmark());
    }

    /** The benchmark of a name, empty when there is none. */
    static Optional<Benchmark> named(String name) {
        return all().stream().filter(benchmark -> benchmark.name().equals(name)).findFirst();
    }
}
