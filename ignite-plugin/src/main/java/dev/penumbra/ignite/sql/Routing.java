package dev.penumbra.ignite.sql;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadGate.Choice;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which copies answer one execution of a text.
 *
 * @param sql the text to run: each name replaced in place, all else as it was typed
 * @param answers one for each copy and the name by which it was asked for
 */
@Internal
public record Routing(String sql, List<Answer> answers) {
    /**
     * A name and the copy that answers it.
     *
     * @param name the name as SQL sees it, for example {@code SHADOW.ORDERS}
     * @param schema the schema of the copy that answers
     * @param table its table
     * @param source whether this is a shadow, or the home image or the table that is its own, or a shadow with what is pending
     * @param reason why this one
     * @param applied the position up to which the copy, with what is pending where that counts, has its source's changes; null when it is not known here
     * @param copied the Ignite table that the copy is a copy of; null when it is of a database's, or the table itself
     * @param asked what was asked for
     * @param key the table's name by which the session knows it
     * @param archived the copy as it was, where that was asked for; null where the copy answers as it is
     * @param choice the choice, of which the session has been told; null where copies were only named and not chosen to answer
     */
    public record Answer(
            String name,
            String schema,
            String table,
            Reads.Source source,
            String reason,
            @Nullable Position applied,
            @Nullable TableName copied,
            Consistency asked,
            String key,
            @Nullable Archived archived,
            @Nullable Choice choice) {
        /** This answer by a copy that was chosen. */
        Answer with(@Nullable Choice chosen) {
            if (chosen == null || !chosen.candidate().isPreMerged()) {
                return new Answer(name, schema, table, source, reason, applied, copied, asked, key, archived, chosen);
            }
            return new Answer(
                    name,
                    schema,
                    table,
                    source == Reads.Source.SHADOW ? Reads.Source.PRE_MERGED : source,
                    reason + ", and what is pending is laid over it",
                    chosen.candidate().upTo(),
                    copied,
                    asked,
                    key,
                    archived,
                    chosen);
        }

        /** This answer as the copy was. */
        Answer as(Archived was, String why) {
            return new Answer(name, schema, table, source, why, was.at(), copied, asked, key, was, choice);
        }

        /** Whether nothing is proven of what this copy gives, so that it must be validated. */
        public boolean isUnproven() {
            return choice != null && choice.unproven();
        }

        /** The copy's name, for example {@code SHADOW_EU.ORDERS}, and, where it was read as it was, the position. */
        public String copy() {
            return schema + "." + table + (archived == null ? "" : " AS OF " + archived.at());
        }
    }

    public Routing {
        answers = List.copyOf(answers);
    }

    /** The answers that must be validated, one for each copy. */
    public List<Answer> unproven() {
        return read().stream().filter(Answer::isUnproven).toList();
    }

    /** One answer for each copy, by whatever names it was asked for. */
    public List<Answer> read() {
        if (answers.size() < 2) {
            return answers;
        }
        Map<String, Answer> byCopy = new LinkedHashMap<>();
        for (Answer answer : answers) {
            byCopy.putIfAbsent(answer.copy(), answer);
        }
        return List.copyOf(byCopy.values());
    }
}
