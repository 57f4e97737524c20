package dev.penumbra.shadow;

import com.github.luben.zstd.ZstdDictCompress;
import com.github.luben.zstd.ZstdDictDecompress;
import dev.penumbra.model.api.Internal;

/**
 * A trained zstd dictionary, digested once for both directions.
 *
 * <p>Safe for use by several threads. The digested forms live outside the heap as long as this object.
 */
@Internal
public final class Dictionary {
    private final int number;
    private final ZstdDictCompress compress;
    private final ZstdDictDecompress decompress;

    /**
     * @param number what stored values name it by, positive and never reused in a grid
     * @param content what training produced
     */
    public Dictionary(int number, byte[] content) {
        if (number <= 0) {
            throw new IllegalArgumentException("a dictionary's number is positive: " + number);
        }
        this.number = number;
        this.compress = new ZstdDictCompress(content, ValueCodec.ZSTD_LEVEL);
        this.decompress = new ZstdDictDecompress(content);
    }

    /** What stored values name it by. */
    public int number() {
        return number;
    }

    ZstdDictCompress compress() {
        return compress;
    }

    ZstdDictDecompress decompress() {
        return decompress;
    }
}
