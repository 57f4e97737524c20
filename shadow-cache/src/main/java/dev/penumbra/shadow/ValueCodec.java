package dev.penumbra.shadow;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;

/**
 * Compresses the values of copies and restores them.
 *
 * <p>A compressed value, after the marker byte by which Ignite knows it:
 *
 * <pre>
 *  byte     high half: format version, 1; low half: 1 zstd with dictionary, 2 zstd without, 3 LZ4
 *  varint   number of the dictionary, only with one
 *  varint   length of the raw value
 *  bytes    the compressed value: a zstd frame without magic number, size, checksum and dictionary id, or an LZ4 block
 * </pre>
 *
 * <p>Varints have seven bits a byte, lowest first. A value that compression would not make smaller, and one above
 * {@link #MAX_RAW_BYTES}, is stored as it is. Restoring refuses a raw length above that limit before it allocates.
 *
 * <p>Safe for use by several threads; each keeps its own compression contexts.
 */
@Internal
public final class ValueCodec {
    /** The largest raw value that is compressed or restored, in bytes. */
    public static final int MAX_RAW_BYTES = 64 << 20;

    /** Below this many bytes there is nothing to gain. */
    static final int MIN_RAW_BYTES = 32;

    static final int ZSTD_LEVEL = 3;

    private static final int VERSION = 1;
    private static final int ZSTD_DICTIONARY = 1;
    private static final int ZSTD = 2;
    private static final int LZ4 = 3;
    private static final int MAX_HEADER_BYTES = 12;

    private final IntFunction<@Nullable Dictionary> dictionaries;
    private final Map<Integer, Choice> choices = new ConcurrentHashMap<>();
    private final LZ4Compressor lz4Compressor;
    private final LZ4SafeDecompressor lz4Decompressor;
    private final ThreadLocal<Contexts> contexts = ThreadLocal.withInitial(Contexts::new);

    private record Choice(Compression compression, @Nullable Dictionary dictionary) {}

    /** @param dictionaries finds a dictionary by number, null when there is none of that number */
    public ValueCodec(IntFunction<@Nullable Dictionary> dictionaries) {
        this.dictionaries = dictionaries;
        LZ4Factory factory = LZ4Factory.fastestInstance();
        this.lz4Compressor = factory.fastCompressor();
        this.lz4Decompressor = factory.safeDecompressor();
    }

    /**
     * Says how values of a binary type are stored from now on.
     *
     * @param typeId the binary type's id
     * @param dictionary used with {@link Compression#ZSTD}; null to compress without one
     */
    public void assign(int typeId, Compression compression, @Nullable Dictionary dictionary) {
        choices.put(typeId, new Choice(compression, dictionary));
    }

    /**
     * Compresses a value.
     *
     * @param typeId the value's binary type
     * @param marker the first byte of the result
     * @param raw the value, between position and limit, backed by an array
     * @return marker and compressed value, or null when the value is to be stored as it is
     */
    public byte @Nullable [] compress(int typeId, byte marker, ByteBuffer raw) {
        Choice choice = choices.get(typeId);
        int length = raw.remaining();
        if (choice == null
                || choice.compression() == Compression.NONE
                || length < MIN_RAW_BYTES
                || length > MAX_RAW_BYTES) {
            return null;
        }
        byte[] source = raw.array();
        int offset = raw.arrayOffset() + raw.position();
        return choice.compression() == Compression.LZ4
                ? compressLz4(marker, source, offset, length)
                : compressZstd(marker, source, offset, length, choice.dictionary());
    }

    private byte @Nullable [] compressLz4(byte marker, byte[] source, int offset, int length) {
        Contexts context = contexts.get();
        byte[] target = context.target(lz4Compressor.maxCompressedLength(length));
        int start = header(target, marker, LZ4, 0, length);
        int size = lz4Compressor.compress(source, offset, length, target, start, target.length - start);
        return result(target, start + size, length);
    }

    private byte @Nullable [] compressZstd(
            byte marker, byte[] source, int offset, int length, @Nullable Dictionary dictionary) {
        Contexts context = contexts.get();
        byte[] target = context.target((int) Zstd.compressBound(length));
        int codec = dictionary == null ? ZSTD : ZSTD_DICTIONARY;
        int start = header(target, marker, codec, dictionary == null ? 0 : dictionary.number(), length);
        ZstdCompressCtx zstd = context.compressor(dictionary);
        int size = zstd.compressByteArray(target, start, target.length - start, source, offset, length);
        return result(target, start + size, length);
    }

    private static byte @Nullable [] result(byte[] target, int size, int rawLength) {
        return size >= rawLength ? null : java.util.Arrays.copyOf(target, size);
    }

    private static int header(byte[] target, byte marker, int codec, int dictionary, int length) {
        target[0] = marker;
        target[1] = (byte) (VERSION << 4 | codec);
        int at = 2;
        if (codec == ZSTD_DICTIONARY) {
            at = varint(target, at, dictionary);
        }
        return varint(target, at, length);
    }

    private static int varint(byte[] target, int start, int value) {
        int at = start;
        int rest = value;
        while (rest >= 0x80) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }

    private static int varint(ByteBuffer source) {
        int value = 0;
        for (int shift = 0; shift < 32; shift += 7) {
            if (!source.hasRemaining()) {
                throw corrupt("truncated");
            }
            byte next = source.get();
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw corrupt("length");
    }

    private static PenumbraException corrupt(String reason) {
        return new PenumbraException(ErrorCode.VALUE_CORRUPT).with("reason", reason);
    }

    /**
     * Restores a compressed value.
     *
     * @param stored what {@link #compress} returned, without the marker, between position and limit, backed by an array
     * @throws PenumbraException with {@link ErrorCode#DICTIONARY_MISSING} when the dictionary it names is not here,
     *     {@link ErrorCode#VALUE_NEWER} when a newer version wrote it, {@link ErrorCode#VALUE_CORRUPT} when it is damaged
     */
    public byte[] restore(ByteBuffer stored) {
        int codec = codec(stored);
        int dictionary = codec == ZSTD_DICTIONARY ? varint(stored) : 0;
        int length = rawLength(stored);
        byte[] source = stored.array();
        int offset = stored.arrayOffset() + stored.position();
        byte[] raw = new byte[length];
        int restored;
        try {
            if (codec == LZ4) {
                restored = lz4Decompressor.decompress(source, offset, stored.remaining(), raw, 0, length);
            } else {
                ZstdDecompressCtx zstd =
                        contexts.get().decompressor(codec == ZSTD_DICTIONARY ? required(dictionary) : null);
                restored = zstd.decompressByteArray(raw, 0, length, source, offset, stored.remaining());
            }
        } catch (ZstdException | LZ4Exception e) {
            throw new PenumbraException(ErrorCode.VALUE_CORRUPT, e);
        }
        if (restored != length) {
            throw corrupt("shorter than its length");
        }
        return raw;
    }

    /** The raw length of a compressed value, read from its header alone; the argument as for {@link #restore}. */
    public static int rawLengthOf(ByteBuffer stored) {
        ByteBuffer header = stored.duplicate();
        if (codec(header) == ZSTD_DICTIONARY) {
            varint(header);
        }
        return rawLength(header);
    }

    private static int codec(ByteBuffer stored) {
        if (!stored.hasRemaining()) {
            throw corrupt("empty");
        }
        int head = stored.get() & 0xff;
        if (head >>> 4 != VERSION) {
            throw new PenumbraException(ErrorCode.VALUE_NEWER)
                    .with("found", head >>> 4)
                    .with("supported", VERSION);
        }
        int codec = head & 0x0f;
        if (codec < ZSTD_DICTIONARY || codec > LZ4) {
            throw corrupt("codec " + codec);
        }
        return codec;
    }

    private static int rawLength(ByteBuffer stored) {
        int length = varint(stored);
        if (length < 0 || length > MAX_RAW_BYTES) {
            throw corrupt("raw length " + length);
        }
        return length;
    }

    private Dictionary required(int number) {
        Dictionary dictionary = dictionaries.apply(number);
        if (dictionary == null) {
            throw new PenumbraException(ErrorCode.DICTIONARY_MISSING).with("dictionary", number);
        }
        return dictionary;
    }

    private static final class Contexts {
        private static final int KEPT_BYTES = 1 << 20;

        private final Map<Integer, ZstdCompressCtx> compressors = new ConcurrentHashMap<>();
        private final Map<Integer, ZstdDecompressCtx> decompressors = new ConcurrentHashMap<>();
        private byte[] target = new byte[4 << 10];

        byte[] target(int bytes) {
            int needed = bytes + MAX_HEADER_BYTES;
            if (needed > KEPT_BYTES) {
                return new byte[needed];
            }
            if (target.length < needed) {
                target = new byte[Math.max(needed, target.length * 2)];
            }
            return target;
        }

        ZstdCompressCtx compressor(@Nullable Dictionary dictionary) {
            int number = dictionary == null ? 0 : dictionary.number();
            ZstdCompressCtx context = compressors.get(number);
            if (context == null) {
                context = new ZstdCompressCtx();
                context.setMagicless(true);
                context.setContentSize(false);
                context.setChecksum(false);
                context.setDictID(false);
                if (dictionary == null) {
                    context.setLevel(ZSTD_LEVEL);
                } else {
                    context.loadDict(dictionary.compress());
                }
                compressors.put(number, context);
            }
            return context;
        }

        ZstdDecompressCtx decompressor(@Nullable Dictionary dictionary) {
            int number = dictionary == null ? 0 : dictionary.number();
            ZstdDecompressCtx context = decompressors.get(number);
            if (context == null) {
                context = new ZstdDecompressCtx();
                context.setMagicless(true);
                if (dictionary != null) {
                    context.loadDict(dictionary.decompress());
                }
                decompressors.put(number, context);
            }
            return context;
        }
    }
}
