package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@NullMarked
class ValueCodecTest {
    private static final byte MARKER = -3;
    private static final int TYPE = 7;

    private final Map<Integer, Dictionary> dictionaries = new HashMap<>();
    private final ValueCodec codec = new ValueCodec(dictionaries::get);

    private static byte[] value(Random random) {
        String text = "{\"status\":\"" + (random.nextBoolean() ? "OPEN" : "SHIPPED") + "\",\"clerk\":\"Clerk#"
                + random.nextInt(1_000) + "\",\"comment\":\"carefully final deposits sleep " + random.nextInt(100_000)
                + " times among the regular accounts\"}";
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Dictionary trained() {
        Random random = new Random(5);
        DictionaryTraining training = new DictionaryTraining(16 << 10);
        while (!training.ready()) {
            training.add(value(random));
        }
        Dictionary dictionary = new Dictionary(300, training.train().orElseThrow());
        dictionaries.put(dictionary.number(), dictionary);
        return dictionary;
    }

    private static ByteBuffer withoutMarker(byte[] stored) {
        assertThat(stored[0]).isEqualTo(MARKER);
        return ByteBuffer.wrap(stored, 1, stored.length - 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"ZSTD", "LZ4"})
    void restore_ofALargeValue_returnsIt(Compression compression) {
        codec.assign(TYPE, compression, null);
        byte[] raw = "the same again and again ".repeat(4_000).getBytes(StandardCharsets.UTF_8);

        byte[] stored = java.util.Objects.requireNonNull(codec.compress(TYPE, MARKER, ByteBuffer.wrap(raw)));

        assertThat(stored.length).isLessThan(raw.length / 10);
        assertThat(ValueCodec.rawLengthOf(withoutMarker(stored))).isEqualTo(raw.length);
        assertThat(codec.restore(withoutMarker(stored))).isEqualTo(raw);
    }

    @Test
    void compress_withADictionary_makesSmallValuesSmaller() {
        codec.assign(TYPE, Compression.ZSTD, trained());
        Random random = new Random(6);
        long rawBytes = 0;
        long storedBytes = 0;
        for (int i = 0; i < 500; i++) {
            byte[] raw = value(random);
            byte[] padded = new byte[raw.length + 10];
            System.arraycopy(raw, 0, padded, 5, raw.length);

            byte[] stored = java.util.Objects.requireNonNull(
                    codec.compress(TYPE, MARKER, ByteBuffer.wrap(padded, 5, raw.length)));

            assertThat(codec.restore(withoutMarker(stored))).isEqualTo(raw);
            rawBytes += raw.length;
            storedBytes += stored.length;
        }
        assertThat(storedBytes).isLessThan(rawBytes / 3);
    }

    @Test
    void compress_ofWhatDoesNotShrinkOrIsNotAssigned_leavesItAsItIs() {
        byte[] noise = new byte[300];
        new Random(1).nextBytes(noise);
        assertThat(codec.compress(TYPE, MARKER, ByteBuffer.wrap(new byte[300]))).isNull();
        codec.assign(TYPE, Compression.ZSTD, null);
        assertThat(codec.compress(TYPE, MARKER, ByteBuffer.wrap(noise))).isNull();
        codec.assign(TYPE, Compression.LZ4, null);
        assertThat(codec.compress(TYPE, MARKER, ByteBuffer.wrap(noise))).isNull();
        codec.assign(TYPE, Compression.NONE, null);
        assertThat(codec.compress(TYPE, MARKER, ByteBuffer.wrap(new byte[300]))).isNull();
    }

    @Test
    void restore_withoutTheDictionary_namesIt() {
        codec.assign(TYPE, Compression.ZSTD, trained());
        byte[] stored =
                java.util.Objects.requireNonNull(codec.compress(TYPE, MARKER, ByteBuffer.wrap(value(new Random(9)))));
        dictionaries.clear();

        assertFails(withoutMarker(stored), ErrorCode.DICTIONARY_MISSING, "300");
    }

    @Test
    void restore_ofANewerFormat_namesBothVersions() {
        assertFails(ByteBuffer.wrap(new byte[] {0x22, 1, 1}), ErrorCode.VALUE_NEWER, "found=2, supported=1");
    }

    @Test
    void restore_ofAnEnormousRawLength_isRefusedBeforeAllocating() {
        byte[] bomb = {0x12, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7, 0, 0};
        assertFails(ByteBuffer.wrap(bomb), ErrorCode.VALUE_CORRUPT, "raw length");
    }

    @ParameterizedTest
    @EnumSource(names = {"ZSTD", "LZ4"})
    void restore_ofDamagedBytes_failsOrReturnsTheLengthItSays(Compression compression) {
        codec.assign(TYPE, compression, null);
        byte[] raw = "the same again and again ".repeat(40).getBytes(StandardCharsets.UTF_8);
        byte[] stored = java.util.Objects.requireNonNull(codec.compress(TYPE, MARKER, ByteBuffer.wrap(raw)));
        Random random = new Random(3);
        for (int i = 0; i < 2_000; i++) {
            byte[] damaged = java.util.Arrays.copyOf(stored, 2 + random.nextInt(stored.length - 2));
            damaged[1 + random.nextInt(damaged.length - 1)] ^= (byte) (1 << random.nextInt(8));
            try {
                codec.restore(withoutMarker(damaged));
            } catch (PenumbraException e) {
                assertThat(e.code().number()).isBetween(3000, 3999);
            }
        }
    }

    private void assertFails(ByteBuffer stored, ErrorCode code, String context) {
        assertThatThrownBy(() -> codec.restore(stored))
                .isInstanceOfSatisfying(
                        PenumbraException.class,
                        failure -> assertThat(failure.code()).isEqualTo(code))
                .hasMessageContaining(context);
    }
}
