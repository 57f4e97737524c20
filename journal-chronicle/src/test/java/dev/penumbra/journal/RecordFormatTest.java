package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordFormatTest {
    private static final TransactionId TX = new TransactionId(3, 4);

    private final RecordFormat format = new RecordFormat();
    private final Output output = new Output(64, 1 << 20);

    private byte[] encode(JournalRecord record) {
        format.encode(record, output);
        return output.toBytes();
    }

    @Test
    void everyKind_isReadAsWritten() {
        for (JournalRecord record : List.of(
                new JournalRecord.Schema(ACCOUNT),
                new JournalRecord.Event(
                        new Position(1, 2),
                        TX,
                        99,
                        Operation.UPDATE,
                        Origin.CAPTURED,
                        ACCOUNT.fingerprint(),
                        Bytes.of((byte) 1),
                        Bytes.of()),
                new JournalRecord.Event(
                        new Position(1, 3),
                        TX,
                        0,
                        Operation.TRUNCATE,
                        Origin.CAPTURED,
                        ACCOUNT.fingerprint(),
                        null,
                        null),
                new JournalRecord.Event(
                        new Position(1, Long.MAX_VALUE),
                        TX,
                        Long.MAX_VALUE,
                        Operation.DELETE,
                        Origin.CORRECTION,
                        ACCOUNT.fingerprint(),
                        Bytes.of(),
                        null),
                new JournalRecord.Commit(TX, new Position(1, 2), new Position(1, 3), 1_700_000_000_000L),
                new JournalRecord.Epoch(2, new Position(1, 3), "bank", 1, 2, 3),
                new JournalRecord.DurableMark(new Position(2, 1)),
                new JournalRecord.Gap("the disk was full"),
                new JournalRecord.Abandon())) {
            byte[] bytes = encode(record);
            assertThat(format.decode(bytes, bytes.length)).isEqualTo(record);
            assertThat(RecordKind.ofCode(RecordFormat.kindCode(bytes))).isEqualTo(record.kind());
        }
    }

    @Test
    void theBytesOfVersionOne_neverChange() {
        byte[] bytes = encode(new JournalRecord.Epoch(2, new Position(1, 3), "bank", 1, 2, 3));
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("010500009c1c0ecc02010362616eeb010203");
    }

    @Test
    void anyChangedBit_isFound() {
        byte[] bytes = encode(new JournalRecord.Commit(TX, new Position(1, 2), new Position(1, 3), 77));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> format.decode(damaged, damaged.length)).hasMessageContaining("PENUMBRA-3002");
        }
        assertThatThrownBy(() -> format.decode(bytes, bytes.length - 1)).hasMessageContaining("PENUMBRA-3002");
        assertThatThrownBy(() -> format.decode(bytes, 3)).hasMessageContaining("PENUMBRA-3002");
    }

    @Test
    void aNewerVersion_isRefused_andBothVersionsAreNamed() {
        encode(new JournalRecord.Abandon());
        output.getBuffer()[0] = 2;
        format.endRecord(output);
        byte[] newer = output.toBytes();
        assertThatThrownBy(() -> format.decode(newer, newer.length))
                .hasMessageContaining("PENUMBRA-3001")
                .hasMessageContaining("recordVersion=2")
                .hasMessageContaining("supportedVersion=1");
    }

    @Test
    void aKindOfALaterVersion_isRefusedByItsName() {
        RecordFormat.beginRecord(output, RecordKind.GAP);
        output.getBuffer()[1] = RecordKind.RESERVED_FROM;
        output.writeString("FLIP_TASK");
        format.endRecord(output);
        byte[] later = output.toBytes();
        assertThatThrownBy(() -> format.decode(later, later.length))
                .hasMessageContaining("PENUMBRA-3003")
                .hasMessageContaining("kind=FLIP_TASK");
    }
}
