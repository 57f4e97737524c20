package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import java.time.Duration;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConsistencyTest {
    private static final SessionToken TOKEN = SessionToken.of("it's a 'shop", new UUID(1, 2), new Position(2, 5))
            .and(SessionToken.of("bank", new UUID(3, 4), new Position(1, 1)));

    private static final Duration LONGEST = Consistency.MAX_STALENESS;

    static Stream<Consistency> levels() {
        return Stream.of(
                Consistency.eventual(),
                Consistency.bounded(Duration.ZERO),
                Consistency.bounded(Duration.ofMillis(200)),
                Consistency.bounded(Duration.ofNanos(1_999_999)),
                Consistency.bounded(LONGEST),
                Consistency.session(SessionToken.EMPTY),
                Consistency.session(TOKEN),
                Consistency.validated(),
                Consistency.primary());
    }

    @ParameterizedTest
    @MethodSource("levels")
    void text_isReadAsItWasWritten(Consistency consistency) {
        assertThat(Consistency.parse(consistency.text())).isEqualTo(consistency);
    }

    @Test
    void text_isWithoutQuotes_andInSqlThereAreSome() {
        assertThat(levels().map(Consistency::text))
                .containsExactly(
                        "EVENTUAL",
                        "BOUNDED 0ms",
                        "BOUNDED 200ms",
                        "BOUNDED 1ms",
                        "BOUNDED 3153600000000ms",
                        "SESSION ",
                        "SESSION " + TOKEN,
                        "VALIDATED",
                        "PRIMARY");
        assertThat(levels().map(Consistency::toString))
                .contains("BOUNDED '200ms'", "SESSION '" + TOKEN + "'", "SESSION ''", "VALIDATED", "PRIMARY");
    }

    @ParameterizedTest
    @CsvSource({
        "' eventual ', EVENTUAL",
        "Primary, PRIMARY",
        " validated, VALIDATED",
        "bounded\t2S, BOUNDED 2000ms",
        "BOUNDED  3  m, BOUNDED 180000ms",
        "BOUNDED 1h, BOUNDED 3600000ms"
    })
    void blanksLetterCaseAndUnits_areTheWritersChoice(String text, String meant) {
        assertThat(Consistency.parse(text).text()).isEqualTo(meant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "STRONG",
                "BOUNDED200ms",
                "EVENTUAL 1s",
                "PRIMARY PRIMARY",
                "VALIDATED 1s",
                "BOUNDED",
                "BOUNDED 5",
                "BOUNDED ms",
                "BOUNDED '5ms'",
                "BOUNDED -5ms",
                "BOUNDED 5us",
                "BOUNDED 1s1s",
                "BOUNDED 2562048h",
                "BOUNDED 99999999999999999999s"
            })
    void otherTexts_areRefused(String text) {
        assertThatThrownBy(() -> Consistency.parse(text))
                .hasMessageContaining("PENUMBRA-1009")
                .hasMessageContaining("expected=");
    }

    @Test
    void anotherTextForAToken_isRefusedAsAToken() {
        assertThatThrownBy(() -> Consistency.parse("SESSION 5ms")).hasMessageContaining("PENUMBRA-1036");
    }

    @Test
    void staleness_isNeverLongerThanItWasAskedFor() {
        assertThat(Consistency.bounded(Duration.ofNanos(1_999_999)).staleness()).isEqualTo(Duration.ofMillis(1));
        assertThatThrownBy(() -> Consistency.bounded(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Consistency.bounded(LONGEST.plusNanos(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sessionsToken_isNoShadowsOwnLevel() {
        ShadowName name = new ShadowName("shop", new TableName("S", "T"), new Datacenter("eu"));
        assertThat(new ShadowDefinition(name, Compression.NONE, 0).consistency())
                .isEqualTo(Consistency.eventual());
        assertThatThrownBy(() -> new ShadowDefinition(name, Compression.NONE, 0, Consistency.session(TOKEN)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
