package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.SourceRows.Found;
import dev.penumbra.journal.SourceRows.Question;
import dev.penumbra.journal.SourceRows.Wanted;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceRowsTest {
    private static final Wanted ROW = new Wanted(new Fingerprint(77), Bytes.wrap(new byte[] {1, 2}));
    private static final Wanted OTHER = new Wanted(new Fingerprint(-1), Bytes.wrap(new byte[0]));

    @TempDir
    Path directory;

    private static Found found(int length) {
        return new Found(true, Bytes.wrap(new byte[length]));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("rows"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void aQuestion_isSeenByTheWriter_andItsAnswerByWhoHasAsked() {
        try (SourceRows reader = SourceRows.open(directory);
                SourceRows other = SourceRows.open(directory);
                SourceRows writer = SourceRows.open(directory)) {
            reader.ask(List.of(ROW, OTHER));
            assertThat(writer.asked()).hasValue(1);
            other.ask(List.of(OTHER));
            assertThat(writer.asked()).hasValue(2);
            assertThat(reader.answer()).isEmpty();
            List<Question> questions = writer.questions();
            assertThat(questions).hasSize(2);
            Question question = questions.stream()
                    .filter(one -> one.rows().size() == 2)
                    .findFirst()
                    .orElseThrow();
            assertThat(question.rows()).containsExactly(ROW, OTHER);
            List<Found> answer = List.of(found(300), new Found(true, null));
            writer.take(question);
            writer.answer(question, answer);
            assertThat(reader.answer()).contains(answer);
            assertThat(other.answer()).isEmpty();
            assertThat(writer.questions())
                    .singleElement()
                    .satisfies(left -> assertThat(left.rows()).containsExactly(OTHER));
        }
    }

    @Test
    void anAnswerToAnEarlierQuestion_isNone() {
        try (SourceRows reader = SourceRows.open(directory);
                SourceRows writer = SourceRows.open(directory)) {
            reader.ask(List.of(ROW));
            Question first = writer.questions().get(0);
            reader.ask(List.of(OTHER));
            writer.answer(first, List.of(found(1)));
            assertThat(reader.answer()).isEmpty();
            reader.ask(List.of(OTHER));
            writer.answer(writer.questions().get(0), List.of(Found.UNKNOWN));
            assertThat(reader.answer()).contains(List.of(Found.UNKNOWN));
        }
    }

    @Test
    void whatIsDamaged_isNotThere() throws IOException {
        try (SourceRows reader = SourceRows.open(directory);
                SourceRows writer = SourceRows.open(directory)) {
            reader.ask(List.of(ROW));
            Path file = directory.resolve("rows").resolve(files().get(0));
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
            assertThat(writer.questions()).isEmpty();
        }
    }

    @Test
    void itsFiles_areTheirOwnersAlone_andGoWithIt() throws IOException {
        try (SourceRows reader = SourceRows.open(directory);
                SourceRows writer = SourceRows.open(directory)) {
            reader.ask(List.of(ROW));
            writer.answer(writer.questions().get(0), List.of(found(1)));
            for (String file : files()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                                directory.resolve("rows").resolve(file))))
                        .isEqualTo("rw-------");
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("rows"))))
                    .isEqualTo("rwx------");
        }
        assertThat(files()).isEmpty();
    }
}
