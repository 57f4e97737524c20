package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OpeningsTest {
    @Test
    void anOpening_comesBehindThoseBeforeIt() {
        Openings first = Openings.after("");
        Openings second = Openings.after(first.toString());
        assertThat(first.names()).containsExactly(first.present());
        assertThat(second.names())
                .containsExactly(first.present(), second.present())
                .doesNotHaveDuplicates();
    }

    @Test
    void onlyTheLatest_areRemembered_soThatTheirTextStaysShort() {
        UUID first = Openings.after("").present();
        Openings openings = new Openings(List.of(first));
        for (int i = 0; i < 64; i++) {
            openings = Openings.after(openings.toString());
        }
        assertThat(openings.names()).hasSize(64).doesNotContain(first);
        assertThat(openings.toString()).hasSizeLessThan(4096);
    }
}
