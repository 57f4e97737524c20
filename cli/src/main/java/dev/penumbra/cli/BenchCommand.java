package dev.penumbra.cli;

import dev.penumbra.bench.Benchmark;
import dev.penumbra.bench.BenchmarkCase;
import dev.penumbra.bench.BenchmarkReport;
import dev.penumbra.bench.Effort;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one benchmark and prints what it saw, ratios first. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Measures Penumbra side by side with what it is compared with, in one run; see docs/benchmarks.md.",
            "Figures are of this machine as busy as it is."
        })
final class BenchCommand implements Callable<Integer> {
    /** The benchmarks' names, for usage and completion. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Benchmark.all().stream().map(Benchmark::name).iterator();
        }
    }

    @Mixin
    private final Output output = new Output();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls
    private CommandSpec command;

    @Parameters(
            paramLabel = "NAME",
            completionCandidates = Names.class,
            description = "Which benchmark: ${COMPLETION-CANDIDATES}.")
    private String name = "";

    @Option(names = "--quick", description = "Smaller sizes and fewer rounds, for a first look.")
    private boolean quick;

    @Option(
            names = "--case",
            paramLabel = "PREFIX",
            description = "Measure only the cases whose names begin like this, for example ignite/put.")
    private String cases = "";

    @Override
    public Integer call() throws Exception {
        Benchmark benchmark = Benchmark.named(name)
                .orElseThrow(() -> new CommandLine.ParameterException(
                        command.commandLine(),
                        "no benchmark is called " + name + ": the benchmarks are " + String.join(", ", new Names())));
        PrintWriter progress = output.err();
        BenchmarkReport report =
                benchmark.run(quick ? Effort.QUICK : Effort.FULL, name -> name.startsWith(cases), step -> {
                    progress.println("measuring " + step);
                    progress.flush();
                });
        if (report.rows().isEmpty()) {
            throw new CommandLine.ParameterException(
                    command.commandLine(), "no case of " + name + " has a name that begins with " + cases);
        }
        if (output.isJson()) {
            output.document(document(report));
        } else {
            print(output.out(), benchmark, report);
        }
        return ExitCode.OK;
    }

    private static void print(PrintWriter out, Benchmark benchmark, BenchmarkReport report) {
        out.println("ratio: " + benchmark.ratio());
        int width = report.rows().stream()
                .mapToInt(row -> row.name().length())
                .max()
                .orElse(0);
        out.println(String.format(
                "%7s  %-" + Math.max(1, width) + "s  %14s  %14s", "ratio", "case", "baseline", "measured"));
        for (BenchmarkCase row : report.rows()) {
            out.println(String.format(
                    Locale.ROOT,
                    "%7.3f  %-" + Math.max(1, width) + "s  %14s  %14s  %s%s",
                    row.ratio(),
                    row.name(),
                    figure(row.baseline()),
                    figure(row.measured()),
                    row.unit(),
                    beside(row)));
        }
        out.println(report.machine());
        out.flush();
    }

    private static String beside(BenchmarkCase row) {
        StringBuilder text = new StringBuilder();
        row.beside()
                .forEach((name, value) -> text.append(text.isEmpty() ? "  (" : ", ")
                        .append(name)
                        .append(' ')
                        .append(figure(value)));
        return text.isEmpty() ? "" : text.append(')').toString();
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, Math.abs(value) >= 1_000 ? "%.0f" : "%.3f", value);
    }

    private static Map<String, Object> document(BenchmarkReport report) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (BenchmarkCase row : report.rows()) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("case", row.name());
            fields.put("baseline", row.baseline());
            fields.put("measured", row.measured());
            fields.put("ratio", row.ratio());
            fields.put("unit", row.unit());
            fields.putAll(row.beside());
            rows.add(fields);
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("name", report.name());
        document.put("machine", report.machine());
        document.put("rows", rows);
        document.put("ok", true);
        return document;
    }
}
