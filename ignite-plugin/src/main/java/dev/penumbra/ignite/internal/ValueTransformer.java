package dev.penumbra.ignite.internal;

import dev.penumbra.shadow.ValueCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.binary.GridBinaryMarshaller;
import org.apache.ignite.internal.cache.transform.CacheObjectTransformerProcessor;
import org.apache.ignite.internal.processors.GridProcessorAdapter;
import org.jspecify.annotations.Nullable;

/**
 * Compresses the values of copies on their way into memory pages and messages, and restores them on the way out.
 *
 * <p>The cache cannot be seen here; a binary object's header tells its type, and the type how to store it.
 */
final class ValueTransformer extends GridProcessorAdapter implements CacheObjectTransformerProcessor {
    private final ValueCodec codec;

    ValueTransformer(GridKernalContext context, ValueCodec codec) {
        super(context);
        this.codec = codec;
    }

    @Override
    public @Nullable ByteBuffer transform(ByteBuffer original) {
        int start = original.position();
        if (original.remaining() < GridBinaryMarshaller.DFLT_HDR_LEN
                || original.get(start) != GridBinaryMarshaller.OBJ) {
            return null;
        }
        int typeId =
                original.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(start + GridBinaryMarshaller.TYPE_ID_POS);
        byte[] compressed = codec.compress(typeId, GridBinaryMarshaller.TRANSFORMED, original);
        return compressed == null ? null : ByteBuffer.wrap(compressed);
    }

    @Override
    public ByteBuffer restore(ByteBuffer transformed) {
        return ByteBuffer.wrap(codec.restore(transformed));
    }
}
