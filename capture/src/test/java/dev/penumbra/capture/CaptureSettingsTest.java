package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.journal.JournalConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CaptureSettingsTest {
    @AfterEach
    void clear() {
        System.clearProperty(CaptureSettings.MAX_LOB_BYTES);
        System.clearProperty(CaptureSettings.WHEN_FULL);
    }

    @Test
    void anUnknownWordForAFullOutbox_isRefusedByName() {
        System.setProperty(CaptureSettings.WHEN_FULL, "drop");
        assertThatThrownBy(CaptureSettings::read)
                .hasMessageContaining("PENUMBRA-1014")
                .hasMessageContaining(CaptureSettings.WHEN_FULL)
                .hasMessageContaining("drop");
    }

    @Test
    void everySetting_isDocumentedWithItsDefault() throws Exception {
        String docs = Files.readString(Path.of("..", "docs", "capture.md"));
        assertThat(docs)
                .contains("`" + CaptureSettings.MAX_LOB_BYTES + "` | " + CaptureSettings.MAX_LOB_BYTES_DEFAULT)
                .contains("`" + CaptureSettings.MAX_OUTBOX_ROWS + "` | " + CaptureSettings.MAX_OUTBOX_ROWS_DEFAULT)
                .contains("`" + CaptureSettings.MARK_INTERVAL_MILLIS + "` | "
                        + CaptureSettings.MARK_INTERVAL_MILLIS_DEFAULT)
                .contains("`" + CaptureSettings.WHEN_FULL + "` | refuse")
                .contains("`" + CaptureSettings.MIN_FREE_BYTES + "` | " + JournalConfiguration.MIN_FREE_BYTES_DEFAULT)
                .contains("`" + CaptureSettings.SYNC_JOURNAL + "` | true")
                .contains("`" + CaptureSettings.JOURNAL + "`");
    }

    @Test
    void aSettingThatIsNoPositiveNumber_isRefusedByName() {
        for (String wrong : List.of("", "x", "0", "-1", "1e6")) {
            System.setProperty(CaptureSettings.MAX_LOB_BYTES, wrong);
            assertThatThrownBy(CaptureSettings::read)
                    .hasMessageContaining("PENUMBRA-1014")
                    .hasMessageContaining(CaptureSettings.MAX_LOB_BYTES);
        }
    }
}
