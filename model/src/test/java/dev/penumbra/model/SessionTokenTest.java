package dev.penumbra.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTokenTest {
    private static final UUID JOURNAL = new UUID(1, 2);
    private static final UUID OTHER_JOURNAL = new UUID(3, 4);

    @Test
    void and_keepsTheLaterPositionOfEachJournal() {
        SessionToken early = SessionToken.of("shop", JOURNAL, new Position(1, 900));
        SessionToken late = SessionToken.of("shop", JOURNAL, new Position(2, 1));
        SessionToken other = SessionToken.of("bank", JOURNAL, new Position(1, 1));
        assertThat(early.and(late).and(other)).isEqualTo(other.and(late).and(early));
        assertThat(early.and(late).position("shop", JOURNAL)).contains(new Position(2, 1));
        assertThat(early.and(other).concerns("bank")).isTrue();
        assertThat(early.concerns("bank")).isFalse();
        assertThat(early.concerns("sho")).isFalse();
    }

    @Test
    void isWithin_holdsWhereEveryPositionHasBeenReached() {
        SessionToken token = SessionToken.of("shop", JOURNAL, new Position(2, 5));
        assertThat(token.isWithin("shop", JOURNAL, new Position(2, 4))).isFalse();
        assertThat(token.isWithin("shop", JOURNAL, new Position(2, 5))).isTrue();
        assertThat(token.isWithin("shop", JOURNAL, new Position(3, 1))).isTrue();
        assertThat(token.isWithin("bank", JOURNAL, Position.START)).isTrue();
        assertThat(SessionToken.EMPTY.isWithin("shop", JOURNAL, Position.START)).isTrue();
    }

    @Test
    void isWithin_neverHoldsForAPositionOfAnotherJournal() {
        SessionToken token = SessionToken.of("shop", JOURNAL, new Position(1, 1));
        assertThat(token.isWithin("shop", OTHER_JOURNAL, new Position(9, 9))).isFalse();
        SessionToken both = token.and(SessionToken.of("shop", OTHER_JOURNAL, new Position(1, 1)));
        assertThat(both.isWithin("shop", JOURNAL, new Position(9, 9))).isFalse();
    }

    @Test
    void parse_readsWhatToStringWrites() {
        SessionToken token = SessionToken.of("a/b;c é@%", JOURNAL, new Position(3, 1_042))
                .and(SessionToken.of("shop", OTHER_JOURNAL, new Position(1, 7)));
        assertThat(SessionToken.parse(token.toString())).isEqualTo(token);
        assertThat(SessionToken.parse("")).isEqualTo(SessionToken.EMPTY);
        assertThat(SessionToken.parse("shop/0-0-0-0-1/1:9;shop/0-0-0-0-1/1:2"))
                .isEqualTo(SessionToken.of("shop", new UUID(0, 1), new Position(1, 9)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shop",
                "shop/1:2",
                "/x/1:2",
                "shop/x/1:2",
                "shop/0-0-0-0-0/12",
                ";",
                "shop/0-0-0-0-0/1:2;",
                "%/0-0-0-0-0/1:2"
            })
    void parse_refusesOtherTexts(String text) {
        assertThatThrownBy(() -> SessionToken.parse(text))
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_TOKEN));
    }
}
