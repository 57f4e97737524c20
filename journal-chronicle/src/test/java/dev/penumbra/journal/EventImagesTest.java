package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventImagesTest {
    private static final TableSchema SCHEMA = new TableSchema(
            new TableName("S", "T"),
            List.of(
                    new Column("ID", ColumnType.of(SqlType.BIGINT), false),
                    new Column("NAME", ColumnType.of(SqlType.VARCHAR, 100, 0), true)),
            List.of("ID"));

    private static byte[] images(Operation operation, @Nullable Row before, @Nullable Row after) {
        Output output = new Output(16, -1);
        EventImages.write(output, operation, SCHEMA, before, after);
        return output.toBytes();
    }

    @Test
    void anUpdate_isTakenApart_intoItsDeleteAndItsInsert() {
        Row before = Row.of(1L, "a name that is longer than the other");
        Row after = Row.of(-1L, null);
        byte[] update = images(Operation.UPDATE, before, after);
        assertThat(EventImages.deleteOf(update)).isEqualTo(images(Operation.DELETE, before, null));
        assertThat(EventImages.insertOf(update)).isEqualTo(images(Operation.INSERT, null, after));
    }
}
