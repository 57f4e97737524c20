package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.PenumbraException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PartitionSharesTest {
    private static final UUID ONE = new UUID(1, 1);
    private static final UUID OTHER = new UUID(2, 2);

    @Test
    void aPartition_hasTheWriterThatTookItLast_andEachTakingALargerNumber() {
        PartitionShares shares = PartitionShares.none(7, 3).taken(ONE, List.of(0, 1));
        assertThat(shares.taking()).isEqualTo(1);
        shares = shares.taken(OTHER, List.of(1));
        assertThat(shares.taking()).isEqualTo(2);
        assertThat(shares.writer(0)).isEqualTo(ONE);
        assertThat(shares.writer(1)).isEqualTo(OTHER);
        assertThat(shares.writer(2)).isNull();
    }

    @Test
    void onlyItsWriter_letsGoOfAPartition() {
        PartitionShares shares =
                PartitionShares.none(7, 2).taken(ONE, List.of(0)).taken(OTHER, List.of(1));
        shares = shares.released(ONE, List.of(0, 1));
        assertThat(shares.writer(0)).isNull();
        assertThat(shares.writer(1)).isEqualTo(OTHER);
        assertThat(shares.taking()).isEqualTo(2);
        assertThat(shares.isTouched(0)).isTrue();
    }

    @Test
    void aShadow_isWhole_whenEveryPartitionHasBeen() {
        PartitionShares shares =
                PartitionShares.none(7, 2).taken(ONE, List.of(0, 1)).completed(List.of(1));
        assertThat(shares.isWhole()).isFalse();
        shares = shares.completed(List.of(0)).taken(OTHER, List.of(0));
        assertThat(shares.isWhole()).isTrue();
        shares = shares.spoilt(List.of(1));
        assertThat(shares.isWhole()).isFalse();
        assertThat(shares.isWhole(0)).isTrue();
        assertThat(shares.completed(List.of(1)).isWhole()).isTrue();
    }

    @Test
    void theTextOfShares_readsAsTheSame_andAnyOtherIsRefused() {
        PartitionShares shares =
                PartitionShares.none(7, 3).taken(ONE, List.of(0, 2)).completed(List.of(2));
        assertThat(PartitionShares.read(shares.text())).isEqualTo(shares);
        assertThat(PartitionShares.read(PartitionShares.none(7, 3).text())).isEqualTo(PartitionShares.none(7, 3));
        for (String text : List.of("", "7 1", "7 x y z 0 0", shares.text().replace(' ', ','))) {
            assertThatThrownBy(() -> PartitionShares.read(text)).isInstanceOf(PenumbraException.class);
        }
    }
}
