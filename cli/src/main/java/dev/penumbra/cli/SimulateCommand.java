package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.simulator.Simulation;
import dev.penumbra.simulator.SimulationReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs seeds of the simulated grid and checks every answer that is given in it. */
@Command(
        name = "simulate",
        mixinStandardHelpOptions = true,
        description = {
            "Runs simulated grids in which links, processes and copies fail, and checks that every answer to a read holds what"
                    + " its level of consistency promises; see docs/concepts.md.",
            "A seed decides everything that happens in its run, so it can be replayed.",
            "Ends with 1 when an answer does not hold what was promised."
        })
final class SimulateCommand implements Callable<Integer> {
    private final Session session;
    private final Simulator simulator;

    @Mixin
    private final Output output = new Output();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "The seed, or the first of them; default ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--seeds",
            paramLabel = "COUNT",
            defaultValue = "1",
            description = "How many seeds are run, each the one before plus 1; default ${DEFAULT-VALUE}.")
    private int seeds;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "10",
            description = "For how long faults are injected in each run, in simulated time; default ${DEFAULT-VALUE}.")
    private int seconds;

    /** Runs one seed. */
    interface Simulator {
        SimulationReport run(long seed, int seconds);
    }

    SimulateCommand(Session session) {
        this(session, Simulation::run);
    }

    SimulateCommand(Session session, Simulator simulator) {
        this.session = session;
        this.simulator = simulator;
    }

    @Override
    public Integer call() {
        atLeastOne("--seeds", seeds);
        atLeastOne("--seconds", seconds);
        SimulationSummary summary = new SimulationSummary(seed, seconds);
        for (int i = 0; i < seeds; i++) {
            if (session.stop().isRaised()) {
                output.err().println("penumbra: stopped");
                return ExitCode.ENVIRONMENT;
            }
            SimulationReport report = run(seed + i);
            summary.add(report);
            if (!output.isJson()) {
                // Many seeds take long, and what they have found must not be lost when they are stopped.
                summary.printViolations(report, output.out());
            }
        }
        if (output.isJson()) {
            output.document(summary.document());
        } else {
            summary.print(output.out());
        }
        return summary.ok() ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private SimulationReport run(long one) {
        try {
            return simulator.run(one, seconds);
        } catch (RuntimeException e) {
            throw new IllegalStateException(SimulationSummary.replay(one, seconds) + " came to no end", e);
        }
    }

    private static void atLeastOne(String option, int value) {
        if (value < 1) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", option)
                    .with("value", value)
                    .with("min", 1);
        }
    }
}
