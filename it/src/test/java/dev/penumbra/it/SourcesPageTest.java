package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.SourcesPage;
import dev.penumbra.derby.DerbyDeclaration;
import dev.penumbra.h2.H2Declaration;
import dev.penumbra.ignite.IgniteDeclaration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SourcesPageTest {
    private static final Path PAGE = Path.of("..", "docs", "sources.md");

    @Test
    void thePageOfSources_saysWhatTheyDeclare() throws Exception {
        String declared = SourcesPage.of(List.of(new H2Declaration(), new DerbyDeclaration(), new IgniteDeclaration()));
        if (Boolean.getBoolean("penumbra.docs.write")) {
            Files.writeString(PAGE, declared);
        }
        assertThat(PAGE)
                .as("docs/sources.md; -Dpenumbra.docs.write=true writes it anew")
                .hasContent(declared);
    }
}
