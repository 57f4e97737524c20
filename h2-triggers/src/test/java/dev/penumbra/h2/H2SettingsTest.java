package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.journal.JournalConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class H2SettingsTest {
    @AfterEach
    void clear() {
        System.clearProperty(H2Settings.MAX_LOB_BYTES);
        System.clearProperty(H2Settings.WHEN_FULL);
    }

    @Test
    void anUnknownWordForAFullOutbox_isRefusedByName() {
        System.setProperty(H2Settings.WHEN_FULL, "drop");
        assertThatThrownBy(H2Settings::read)
                .hasMessageContaining("PENUMBRA-1014")
                .hasMessageContaining(H2Settings.WHEN_FULL)
                .hasMessageContaining("drop");
    }

    @Test
    void everySetting_isDocumentedWithItsDefault() throws Exception {
        String docs = Files.readString(Path.of("..", "docs", "capture.md"));
        assertThat(docs)
                .contains("`" + H2Settings.MAX_LOB_BYTES + "` | " + H2Settings.MAX_LOB_BYTES_DEFAULT)
                .contains("`" + H2Settings.MAX_OUTBOX_ROWS + "` | " + H2Settings.MAX_OUTBOX_ROWS_DEFAULT)
                .contains("`" + H2Settings.MARK_INTERVAL_MILLIS + "` | " + H2Settings.MARK_INTERVAL_MILLIS_DEFAULT)
                .contains("`" + H2Settings.WHEN_FULL + "` | refuse")
                .contains("`" + H2Settings.MIN_FREE_BYTES + "` | " + JournalConfiguration.MIN_FREE_BYTES_DEFAULT)
                .contains("`" + H2Settings.SYNC_JOURNAL + "` | true")
                .contains("`" + H2Settings.JOURNAL + "`");
    }

    @Test
    void aSettingThatIsNoPositiveNumber_isRefusedByName() {
        for (String wrong : List.of("", "x", "0", "-1", "1e6")) {
            System.setProperty(H2Settings.MAX_LOB_BYTES, wrong);
            assertThatThrownBy(H2Settings::read)
                    .hasMessageContaining("PENUMBRA-1014")
                    .hasMessageContaining(H2Settings.MAX_LOB_BYTES);
        }
    }
}
