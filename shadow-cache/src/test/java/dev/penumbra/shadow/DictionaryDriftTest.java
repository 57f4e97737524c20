package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class DictionaryDriftTest {
    private final Random random = new Random(3);
    private final DictionaryDrift drift = new DictionaryDrift(16 << 10);

    private byte[] value(String kind) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            text.append(kind)
                    .append(" of the customer number ")
                    .append(random.nextInt(50))
                    .append(", ");
        }
        return text.append(random.nextLong()).toString().getBytes(StandardCharsets.UTF_8);
    }

    private Dictionary trained(String kind) {
        DictionaryTraining training = new DictionaryTraining(16 << 10);
        while (!training.ready()) {
            training.add(value(kind));
        }
        return new Dictionary(1, training.train().orElseThrow());
    }

    private void fill(String kind) {
        boolean enough;
        do {
            enough = drift.add(value(kind));
        } while (!enough);
    }

    @Test
    void valuesLikeThoseBefore_needNoOtherDictionary() {
        Dictionary present = trained("order");
        fill("order");
        assertThat(drift.better(present)).isEmpty();
    }

    @Test
    void valuesOfAnotherKind_getADictionaryOfTheirOwn() {
        Dictionary present = trained("order");
        fill("AN ENTIRELY DIFFERENT COMPLAINT");
        byte[] better = drift.better(present).orElseThrow();
        fill("AN ENTIRELY DIFFERENT COMPLAINT");
        assertThat(drift.better(new Dictionary(2, better))).isEmpty();
    }

    @Test
    void oneValueInMany_isKept_andHalfAsManyAfterEachSearch() {
        assertThat(kept(DictionaryDrift.STRIDE_FIRST * 10)).isEqualTo(10);
        fill("order");
        drift.better(trained("order"));
        assertThat(kept(DictionaryDrift.STRIDE_FIRST * 10)).isEqualTo(5);
    }

    private int kept(int values) {
        int kept = 0;
        for (int i = 0; i < values; i++) {
            kept += drift.wants() ? 1 : 0;
        }
        return kept;
    }
}
