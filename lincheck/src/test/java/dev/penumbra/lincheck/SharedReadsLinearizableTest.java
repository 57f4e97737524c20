package dev.penumbra.lincheck;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.shadow.read.SharedReads;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** Readers who share reads of one row see what each would have seen alone, unless they take what has begun before. */
class SharedReadsLinearizableTest {
    private static final String KEY = "row";

    /** A row at home, and a crowd that reads it. */
    @Param(name = "value", gen = IntGen.class, conf = "1:5")
    public static class Crowd {
        private final SharedReads<String, Integer> reads = new SharedReads<>();
        private volatile int row;

        @Operation
        public void write(@Param(name = "value") int value) {
            row = value;
        }

        @Operation
        public int read() {
            return reads.get(KEY, mayHaveBegun(), () -> row);
        }

        boolean mayHaveBegun() {
            return false;
        }
    }

    /** Takes reads that have begun before, as only those may who take any state of the row. */
    @Param(name = "value", gen = IntGen.class, conf = "1:5")
    public static class Hasty extends Crowd {
        @Override
        boolean mayHaveBegun() {
            return true;
        }
    }

    /** The same to one who is alone. */
    public static class Row {
        private int row;

        public void write(int value) {
            row = value;
        }

        public int read() {
            return row;
        }
    }

    private static ModelCheckingOptions interleavings() {
        return new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(2)
                .iterations(30)
                .invocationsPerIteration(2_000)
                .sequentialSpecification(Row.class);
    }

    @Test
    void readsAreLinearizable_inEveryInterleavingThatIsTried() {
        interleavings().check(Crowd.class);
    }

    @Test
    void whoTakesAReadThatHasBegunBefore_isCaught() {
        assertThatThrownBy(() -> interleavings().check(Hasty.class)).isInstanceOf(LincheckAssertionError.class);
    }
}
