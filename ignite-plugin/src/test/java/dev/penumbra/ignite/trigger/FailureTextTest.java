package dev.penumbra.ignite.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import org.junit.jupiter.api.Test;

class FailureTextTest {
    @Test
    void whatOthersSayInTheirMessages_isNotShown_andWhatPenumbraSaysIs() {
        RuntimeException theirs = new IllegalStateException("secret", new IllegalArgumentException("secret, too"));
        PenumbraException ours = new PenumbraException(ErrorCode.JOURNAL_FULL, theirs).with("freeBytes", 7);
        assertThat(FailureText.of(theirs))
                .isEqualTo("java.lang.IllegalStateException: java.lang.IllegalArgumentException");
        assertThat(FailureText.of(new RuntimeException("secret", ours)))
                .startsWith("java.lang.RuntimeException: PENUMBRA-2004")
                .contains("freeBytes=7")
                .doesNotContain("secret");
    }
}
