package dev.penumbra.ignite;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.Position;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What nodes say to each other so that one of them can read a journal of the other's. As bytes, big-endian:
 *
 * <pre>
 * kind (1) | id (16) | number (8) | epoch (4) and sequence (8) of the position | source and text, as writeUTF has them | content
 * </pre>
 *
 * @param kind what it is about; tells which of the rest is of interest
 * @param id what tells a tail, or a call, from all others
 */
record JournalMessage(Kind kind, UUID id, long number, Position position, String source, String text, Bytes content) {
    /** The topic of Ignite's messages. */
    static final String TOPIC = "penumbra.journals";

    private static final Bytes NOTHING = Bytes.wrap(new byte[0]);
    private static final int HEAD_BYTES = 64;
    private static final int TEXT_MAX = 10_000;

    /** What a message is about. */
    enum Kind {
        /** Asks for the journal of a source: its identity and where it begins. */
        DESCRIBE(1),
        /** Opens a tail of a source's journal behind a position. */
        OPEN(2),
        /** All frames up to a number have been taken; said again and again, also to say that somebody is there. */
        TAKEN(3),
        /** Everything up to a position is dealt with. */
        KEEP(4),
        /** Asks the journal's writer how far it has come; the number is the question's. */
        ASK(5),
        /** Ends a tail. */
        CLOSE(6),
        /** Asks the journal's writer what is not committed; the number is the question's. */
        ASK_UNCOMMITTED(7),

        /** The journal's identity is the text, and it begins behind a position. */
        DESCRIPTION(65),
        /**
         * So many frames have been sent of the journal whose identity is the text, which is empty before it is open; said again and again.
         * The sequence of the position is one more than the number of frames after which the journal had been read to its end for the first
         * time, and 0 before that.
         */
        SENT(66),
        /** The frame of a number. */
        FRAME(67),
        /** The answer to the question of a number is a position. */
        SAID(68),
        /** The tail has ended after a number of frames, or the call has failed; the text begins with the error's code. */
        FAILED(69),
        /** The answer to the question of a number is in the content, as {@link dev.penumbra.journal.UncommittedChanges.Listing} has it. */
        UNCOMMITTED(70);

        private static final int FROM_HOST = 0x40;

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Whether it goes to the node that has the journal. */
        boolean isForHost() {
            return code < FROM_HOST;
        }

        private static @Nullable Kind of(int code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return kind;
                }
            }
            return null;
        }
    }

    JournalMessage(Kind kind, UUID id) {
        this(kind, id, 0, Position.START, "", "", NOTHING);
    }

    JournalMessage number(long value) {
        return new JournalMessage(kind, id, value, position, source, text, content);
    }

    JournalMessage position(Position value) {
        return new JournalMessage(kind, id, number, value, source, text, content);
    }

    JournalMessage source(String value) {
        return new JournalMessage(kind, id, number, position, value, text, content);
    }

    JournalMessage text(String value) {
        String fitting = value.length() <= TEXT_MAX ? value : value.substring(0, TEXT_MAX);
        return new JournalMessage(kind, id, number, position, source, fitting, content);
    }

    JournalMessage content(Bytes value) {
        return new JournalMessage(kind, id, number, position, source, text, value);
    }

    byte[] encoded() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(HEAD_BYTES + content.length());
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(kind.code);
            out.writeLong(id.getMostSignificantBits());
            out.writeLong(id.getLeastSignificantBits());
            out.writeLong(number);
            out.writeInt(position.epoch());
            out.writeLong(position.sequence());
            out.writeUTF(source);
            out.writeUTF(text);
            out.write(content.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** The message that {@link #encoded} wrote; null when the bytes make no sense. */
    static @Nullable JournalMessage decoded(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            Kind kind = Kind.of(in.readUnsignedByte());
            if (kind == null) {
                return null;
            }
            return new JournalMessage(
                    kind,
                    new UUID(in.readLong(), in.readLong()),
                    in.readLong(),
                    new Position(in.readInt(), in.readLong()),
                    in.readUTF(),
                    in.readUTF(),
                    Bytes.wrap(in.readAllBytes()));
        } catch (IOException | IllegalArgumentException e) {
            return null;
        }
    }
}
