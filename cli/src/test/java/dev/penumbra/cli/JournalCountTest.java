package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalCountTest {
    @TempDir
    private Path root;

    @Test
    void advance_countsWhatHasCome_eachChangeOnce() {
        Path directory = root.resolve("journal");
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1, 2, 3);
            try (JournalCount count = new JournalCount(directory)) {
                count.advance();
                assertThat(count.captured()).isEqualTo(3);
                journal.change(SampleJournal.ACCOUNT, Operation.TRUNCATE, null, null);
                Position end = journal.insert(4);
                assertThat(count.advance()).isEqualTo(end);
                assertThat(count.captured()).isEqualTo(4);
                assertThat(count.copied()).isZero();
            }
        }
    }
}
