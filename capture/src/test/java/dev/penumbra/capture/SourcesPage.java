package dev.penumbra.capture;

import java.util.List;
import java.util.stream.Collectors;

/** The page {@code docs/sources.md}, printed from what the sources declare. */
public final class SourcesPage {
    private SourcesPage() {}

    public static String of(List<SourceDeclaration> sources) {
        StringBuilder page = new StringBuilder("""
                # Sources

                What can be captured of each source. *Yes* is tested to arrive in the journal, change by change; *no* is tested to fail
                with that error and to leave the table as it was; *not journalled* is tested to be in the table, and to be told of with
                that error until it is gone; *none* means that the source has no such thing. The tests are those of
                `TriggerContractTest`, which every source passes.

                This page is printed from what the sources declare in their tests. To write it anew:

                ```
                ./mvnw -B verify -pl it -am -Dtest=SourcesPageTest -Dit.test=None -Dsurefire.failIfNoSpecifiedTests=false \\
                    -Dfailsafe.failIfNoSpecifiedTests=false -Dpenumbra.docs.write=true
                ```
                """);
        for (Capability.Group group : Capability.Group.values()) {
            page.append("\n## ").append(group.title()).append("\n\n|");
            appendRow(page, sources.stream().map(SourceDeclaration::title).toList());
            page.append("|---|").append("---|".repeat(sources.size())).append('\n');
            for (Capability capability : Capability.values()) {
                if (capability.group() == group) {
                    page.append("| ").append(capability.title());
                    appendRow(
                            page,
                            sources.stream()
                                    .map(source -> source.support(capability).text())
                                    .toList());
                }
            }
        }
        return page.toString();
    }

    private static void appendRow(StringBuilder page, List<String> cells) {
        page.append(cells.stream().collect(Collectors.joining(" | ", " | ", " |\n")));
    }
}
