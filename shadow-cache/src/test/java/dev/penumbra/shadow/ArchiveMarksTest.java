package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveMarks.Mark;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class ArchiveMarksTest {
    private static final Duration KEPT = Duration.ofMillis(320);

    private static Position at(long sequence) {
        return new Position(1, sequence);
    }

    private static ArchiveMarks aged(ArchiveMarks marks, long millis, long applied) {
        return marks.aged(Duration.ofMillis(millis), at(applied), 1_000 + applied, KEPT);
    }

    @Test
    void whatNobodyHasNoted_isNotedWhenItIsLookedAt_soThatMoreIsKeptThanIsAskedFor() {
        ArchiveMarks begun = ArchiveMarks.from(at(5), 1_005);

        assertThat(begun.begin()).isEqualTo(new Mark(at(5), null, 1_005));
        assertThat(aged(begun, 70, 9).marks()).containsExactly(new Mark(at(5), Duration.ofMillis(70), 1_005));
    }

    @Test
    void aPosition_isMarkedFromTimeToTime_andOnlyWhenItHasMoved() {
        ArchiveMarks marks = aged(ArchiveMarks.from(at(5), 1_005), 0, 5);

        assertThat(aged(marks, 9, 7)).isSameAs(marks);
        assertThat(aged(marks, 10, 5)).isSameAs(marks);
        assertThat(aged(marks, 10, 7).marks())
                .containsExactly(new Mark(at(5), Duration.ZERO, 1_005), new Mark(at(7), Duration.ofMillis(10), 1_007));
    }

    @Test
    void anArchiveBegins_whereTheCopyWasAtLeastAsLongAgoAsIsKept() {
        ArchiveMarks marks = ArchiveMarks.from(at(0), 1_000);
        for (int i = 0; i <= 100; i++) {
            marks = aged(marks, i * 10L, i);
            assertThat(marks.begin().position()).as("at %s", i * 10).isEqualTo(at(Math.max(0, i - 32)));
            assertThat(marks.marks()).hasSizeLessThanOrEqualTo(33);
        }
        // When nothing has been changed for long, the last position is where all that is kept begins.
        assertThat(aged(marks, 5_000, 100).begin().position()).isEqualTo(at(100));
    }

    @Test
    void marks_areReadAsTheyWereWritten() {
        ArchiveMarks marks = new ArchiveMarks(
                List.of(new Mark(at(5), Duration.ofMillis(70), 1_005), new Mark(new Position(2, 1), null, 7)));

        assertThat(ArchiveMarks.read(marks.text())).isEqualTo(marks);
        assertThatThrownBy(() -> ArchiveMarks.read("1:5@7")).isInstanceOf(PenumbraException.class);
    }
}
