package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.internal.QueryScript.Ddl;
import dev.penumbra.ignite.internal.QueryScript.Engine;
import dev.penumbra.ignite.internal.QueryScript.Explain;
import dev.penumbra.ignite.internal.QueryScript.Step;
import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.ignite.sql.CopyNames;
import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.NamedText;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.Routing;
import dev.penumbra.ignite.sql.ShadowDdl;
import dev.penumbra.ignite.sql.ShadowStatement;
import dev.penumbra.ignite.sql.ShadowStatement.AlterShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateTrigger;
import dev.penumbra.ignite.sql.ShadowStatement.DropShadow;
import dev.penumbra.ignite.sql.ShadowStatement.DropTrigger;
import dev.penumbra.ignite.sql.ShadowStatement.RefreshShadow;
import dev.penumbra.ignite.sql.TriggerDdl;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.function.Function;
import org.apache.calcite.schema.SchemaPlus;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.GridKernalContextImpl;
import org.apache.ignite.internal.processors.GridProcessorAdapter;
import org.apache.ignite.internal.processors.authentication.User;
import org.apache.ignite.internal.processors.cache.query.IgniteQueryErrorCode;
import org.apache.ignite.internal.processors.cache.query.QueryCursorEx;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;
import org.apache.ignite.internal.processors.query.IgniteSQLException;
import org.apache.ignite.internal.processors.query.QueryContext;
import org.apache.ignite.internal.processors.query.QueryEngine;
import org.apache.ignite.internal.processors.query.QueryProperties;
import org.apache.ignite.internal.processors.query.QueryUtils;
import org.apache.ignite.internal.processors.query.SqlClientContext;
import org.apache.ignite.internal.processors.query.calcite.CalciteQueryProcessor;
import org.apache.ignite.internal.processors.query.calcite.util.Commons;
import org.apache.ignite.internal.processors.query.schema.management.TableDescriptor;
import org.apache.ignite.internal.processors.security.SecurityContext;
import org.apache.ignite.plugin.security.SecurityException;
import org.apache.ignite.plugin.security.SecurityPermission;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ignite's Calcite engine with Penumbra's statements and names of copies in front of it.
 *
 * <p>A text without any word of Penumbra's is handed on as it came, after one look at its characters. In any other the
 * names of copies are replaced before the engine sees it, in every execution anew: the engine's plan cache is keyed by
 * the text, so each choice of copies has a plan of its own and no choice outlives the execution it was made for.
 *
 * <p>Safe for use by several threads.
 */
final class ShadowQueryEngine extends GridProcessorAdapter implements QueryEngine {
    /** What is held back of a statement in this node's memory; one that has more rows is answered at home. */
    static final int VALIDATED_ROWS_MAX = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(ShadowQueryEngine.class);

    private final QueryScripts scripts =
            new QueryScripts(new QueryTables(() -> calcite().frameworkConfig().getParserConfig()));

    /** Of connections, for as long as somebody holds them. */
    private final Map<SqlClientContext, ReadSession> sessions = Collections.synchronizedMap(new WeakHashMap<>());

    /** Volatile: looked up once by whichever query comes first. */
    private volatile @Nullable CalciteQueryProcessor calcite;

    /** Volatile: set by the thread that starts the plugin, read by those that run queries. */
    private volatile @Nullable ShadowQueryServices services;

    private ShadowQueryEngine(GridKernalContext context) {
        super(context);
    }

    /**
     * Makes an engine that a node finds by {@link ShadowQueryEngineConfiguration}. To be called while the node asks its
     * plugins for the Calcite engine's {@code FrameworkConfig}: later than the context exists, earlier than the node
     * looks for its engines.
     */
    static ShadowQueryEngine addTo(GridKernalContext context) {
        ShadowQueryEngine engine = new ShadowQueryEngine(context);
        ((GridKernalContextImpl) context).add(engine);
        // Behind the engine's own, which it has registered before it asks.
        context.internalSubscriptionProcessor()
                .registerSchemaChangeListener(
                        new ArchiveTables(context, () -> engine.calcite().schemaHolder()));
        return engine;
    }

    /**
     * Opens the engine to Penumbra's statements and names; until then they are refused, and all else works.
     *
     * @param shadows the grid's shadows, for the statements that create and drop them
     * @param triggers creates and drops triggers
     * @param copies how copies stand, asked in every execution that names one
     * @param local the datacenter of this node; null when it is in none
     * @param readers makes the reader of a statement, for the session that it belongs to
     * @param reads told which copies answer
     */
    void open(
            Shadows shadows,
            TriggerDdl triggers,
            Copies copies,
            @Nullable Datacenter local,
            Function<ReadSession, Reader> readers,
            Reads reads) {
        NameRouter router = new NameRouter(copies, this::knows, local);
        services = new ShadowQueryServices(new ShadowDdl(shadows), triggers, router, readers, reads);
    }

    private boolean knows(String schema, String table) {
        SchemaPlus found = calcite().schemaHolder().schema(schema);
        return found != null && ArchiveTables.isReadable(found, table);
    }

    @Override
    public List<FieldsQueryCursor<List<?>>> query(
            @Nullable QueryContext context, @Nullable String schema, String sql, Object... parameters) {
        String session = session(schema);
        if (!CopyNames.mayConcern(sql, session)) {
            return calcite().query(context, schema, sql, parameters);
        }
        try {
            QueryScript script = scripts.get(sql, session);
            if (script.isUntouched()) {
                return calcite().query(context, engineSchema(schema), sql, parameters);
            }
            return run(context, schema, script, parameters);
        } catch (PenumbraException e) {
            throw QueryFailures.of(e);
        }
    }

    @Override
    public List<List<GridQueryFieldMetadata>> parameterMetaData(
            @Nullable QueryContext context, String schema, String sql) {
        return metadata(context, schema, sql, true);
    }

    @Override
    public List<List<GridQueryFieldMetadata>> resultSetMetaData(
            @Nullable QueryContext context, String schema, String sql) {
        return metadata(context, schema, sql, false);
    }

    @Override
    public List<FieldsQueryCursor<List<?>>> queryBatched(
            @Nullable QueryContext context, String schema, String sql, List<Object[]> batch) {
        String session = session(schema);
        if (!CopyNames.mayConcern(sql, session)) {
            return calcite().queryBatched(context, schema, sql, batch);
        }
        try {
            QueryScript script = scripts.get(sql, session);
            if (!(script.steps().size() == 1 && script.steps().get(0) instanceof Engine engine)) {
                throw new IgniteSQLException(
                        "A statement of Penumbra's cannot be part of a batch",
                        IgniteQueryErrorCode.UNEXPECTED_OPERATION);
            }
            NamedText named = engine.named();
            if (named == null) {
                return calcite().queryBatched(context, engineSchema(schema), sql, batch);
            }
            // Each of a batch has its own values.
            return routed(
                    context,
                    named,
                    new Object[0],
                    text -> calcite().queryBatched(context, engineSchema(schema), text, batch));
        } catch (PenumbraException e) {
            throw QueryFailures.of(e);
        }
    }

    private List<FieldsQueryCursor<List<?>>> run(
            @Nullable QueryContext context, @Nullable String schema, QueryScript script, Object[] parameters) {
        if (script.steps().size() > 1 && failsOnSeveral(context)) {
            throw new IgniteSQLException(
                    "Multiple statements queries are not supported.", IgniteQueryErrorCode.UNSUPPORTED_OPERATION);
        }
        List<FieldsQueryCursor<List<?>>> cursors = new ArrayList<>();
        try {
            for (Step step : script.steps()) {
                Object[] own = script.steps().size() == 1 ? parameters : slice(step, parameters);
                cursors.addAll(run(context, schema, step, own));
            }
            return cursors;
        } catch (RuntimeException | Error e) {
            for (FieldsQueryCursor<List<?>> cursor : cursors) {
                try {
                    cursor.close();
                } catch (RuntimeException closing) {
                    e.addSuppressed(closing);
                }
            }
            throw e;
        }
    }

    private List<FieldsQueryCursor<List<?>>> run(
            @Nullable QueryContext context, @Nullable String schema, Step step, Object[] parameters) {
        if (step instanceof Engine engine) {
            NamedText named = engine.named();
            if (named == null) {
                return calcite().query(context, engineSchema(schema), engine.sql(), parameters);
            }
            return routed(
                    context,
                    named,
                    parameters,
                    text -> calcite().query(context, engineSchema(schema), text, named.remaining(parameters)));
        }
        if (step instanceof Explain explain) {
            // Explaining is not reading: no session learns of it.
            Reader reader = services()
                    .readers()
                    .apply(new ReadSession(System::nanoTime))
                    .onlyChoosing();
            Routing routing = route(explain.query(), parameters, reader);
            try {
                // Planned but not run, so that a query that could not run is not explained as if it could.
                calcite().resultSetMetaData(context, engineSchema(schema), routing.sql());
                return List.of(QueryAnswers.explained(routing));
            } finally {
                reader.ended(routing.answers());
            }
        }
        define(session(schema), ((Ddl) step).statement());
        return List.of(QueryAnswers.done());
    }

    /** Chooses copies. How they stand is Penumbra's own and needs no permission of whoever asks. */
    private Routing route(NamedText named, Object[] parameters, Reader reader) {
        return GridInternals.asNode(ctx.grid(), () -> services().router().route(named, parameters, reader));
    }

    /** The copies that would be asked first: all of a table's have the same columns. */
    private Routing name(NamedText named) {
        return GridInternals.asNode(ctx.grid(), () -> services().router().name(named));
    }

    private Reader reader(@Nullable QueryContext context) {
        @Nullable SqlClientContext connection = context == null ? null : context.unwrap(SqlClientContext.class);
        return services()
                .readers()
                .apply(
                        connection == null
                                ? new ReadSession(System::nanoTime)
                                : sessions.computeIfAbsent(connection, key -> new ReadSession(System::nanoTime)));
    }

    /** The engine looks after the shadow's cache; the rows in it are those of a table that has a cache of its own. */
    private void authorizeRead(TableName table) {
        if (!ctx.security().enabled()) {
            return;
        }
        TableDescriptor found = ctx.query().schemaManager().table(table.schema(), table.table());
        if (found == null) {
            throw new SecurityException(
                    "A shadow cannot be read when the permissions on its table are not known [table=" + table + ']');
        }
        ctx.security().authorize(found.cacheInfo().name(), SecurityPermission.CACHE_READ);
    }

    /** Runs a text on the copies that may answer it now. */
    private List<FieldsQueryCursor<List<?>>> routed(
            @Nullable QueryContext context,
            NamedText named,
            Object[] parameters,
            Function<String, List<FieldsQueryCursor<List<?>>>> engine) {
        Reader reader = reader(context);
        Routing routing = route(named, parameters, reader);
        List<FieldsQueryCursor<List<?>>> validated;
        try {
            for (Routing.Answer answer : routing.answers()) {
                if (answer.copied() != null) {
                    authorizeRead(answer.copied());
                }
            }
            if (!named.executed() || routing.unproven().isEmpty()) {
                return proven(named, routing, reader, engine);
            }
            validated = validated(routing, reader, engine);
        } catch (RuntimeException | Error e) {
            reader.ended(routing.answers());
            throw e;
        }
        reader.ended(routing.answers());
        if (validated != null) {
            return validated;
        }
        routing.unproven().forEach(answer -> services().reads().discarded(answer.table()));
        return routed(context, atHome(named, routing), parameters, engine);
    }

    private List<FieldsQueryCursor<List<?>>> proven(
            NamedText named,
            Routing routing,
            Reader reader,
            Function<String, List<FieldsQueryCursor<List<?>>>> engine) {
        List<FieldsQueryCursor<List<?>>> cursors = engine.apply(routing.sql());
        if (named.executed()) {
            for (Routing.Answer answer : routing.read()) {
                services().reads().started(answer.source(), answer.table());
            }
        }
        if (cursors.stream().anyMatch(cursor -> cursor instanceof QueryCursorEx<?> of && !of.isQuery())) {
            // It has run, and nobody needs to look at what it gives back.
            confirm(routing);
            reader.ended(routing.answers());
            return cursors;
        }
        return ConfirmedCursor.all(
                cursors,
                () -> engine.apply(routing.sql()),
                () -> confirm(routing),
                () -> reader.ended(routing.answers()));
    }

    /**
     * Reads all rows and holds them back until the home datacenter has found them to be the primary's.
     *
     * @return null when they are not, or when there are too many to be held
     */
    private @Nullable List<FieldsQueryCursor<List<?>>> validated(
            Routing routing, Reader reader, Function<String, List<FieldsQueryCursor<List<?>>>> engine) {
        List<FieldsQueryCursor<List<?>>> held = new ArrayList<>();
        for (FieldsQueryCursor<List<?>> cursor : ConfirmedCursor.all(
                engine.apply(routing.sql()), () -> engine.apply(routing.sql()), () -> {}, () -> {})) {
            try (cursor) {
                List<List<?>> rows = new ArrayList<>();
                for (List<?> row : cursor) {
                    if (rows.size() == VALIDATED_ROWS_MAX) {
                        return null;
                    }
                    rows.add(row);
                }
                held.add(QueryAnswers.read(rows, ((QueryCursorEx<?>) cursor).fieldsMeta()));
            }
        }
        try {
            requireSame(routing);
        } catch (PenumbraException e) {
            LOG.debug("A copy was filled anew while it was read", e);
            return null;
        }
        List<Finding> findings = new ArrayList<>();
        for (Routing.Answer answer : routing.unproven()) {
            Candidate candidate = Objects.requireNonNull(answer.choice()).candidate();
            UUID journal = candidate.journal();
            if (journal == null) {
                return null;
            }
            findings.add(new Finding.Statement(answer.key(), journal, candidate.upTo()));
        }
        if (!reader.validate(findings)) {
            return null;
        }
        for (Routing.Answer answer : routing.read()) {
            services().reads().started(answer.source(), answer.table());
        }
        routing.unproven().forEach(answer -> reader.validated(answer, findings));
        return held;
    }

    /** The text as it is answered where nothing is doubtful. */
    private static NamedText atHome(NamedText named, Routing routing) {
        for (Routing.Answer answer : routing.answers()) {
            if (answer.isUnproven() && answer.name().equals(answer.copy())) {
                throw new PenumbraException(ErrorCode.NOT_VALIDATED).with("copy", answer.copy());
            }
        }
        return named.at(Consistency.primary());
    }

    private void confirm(Routing routing) {
        try {
            requireSame(routing);
        } catch (PenumbraException e) {
            throw QueryFailures.of(e);
        }
    }

    /** Confirms that all copies are the same whole ones as when they were chosen. */
    private void requireSame(Routing routing) {
        for (Routing.Answer answer : routing.answers()) {
            GridInternals.asNode(ctx.grid(), () -> {
                services().router().confirm(answer);
                return true;
            });
        }
    }

    private void define(String session, ShadowStatement statement) {
        authorize();
        // From here on it is the grid that acts: the caches and notes behind a shadow or a trigger are not the user's.
        GridInternals.asNode(ctx.grid(), () -> run(session, statement));
    }

    private boolean run(String session, ShadowStatement statement) {
        ShadowQueryServices open = services();
        if (statement instanceof CreateShadow create) {
            open.ddl().run(create);
        } else if (statement instanceof AlterShadow alter) {
            open.ddl().run(alter);
        } else if (statement instanceof RefreshShadow refresh) {
            open.ddl().run(refresh);
        } else if (statement instanceof DropShadow drop) {
            open.ddl().run(drop);
        } else if (statement instanceof CreateTrigger create) {
            String schema = create.schema() == null ? session : create.schema();
            open.triggers()
                    .create(
                            create.name(),
                            new TableName(schema, create.table()),
                            create.operations(),
                            create.rowTrigger(),
                            create.ifNotExists());
        } else if (statement instanceof DropTrigger drop) {
            open.triggers().drop(drop.name(), drop.ifExists());
        }
        return true;
    }

    /** Ignite's built-in authentication permits everything to every user; only its first one administers the grid. */
    private void authorize() {
        ctx.security().authorize(SecurityPermission.ADMIN_OPS);
        if (!ctx.config().isAuthenticationEnabled() || ctx.security().isDefaultContext()) {
            return;
        }
        SecurityContext security = ctx.security().securityContext();
        if (!User.DFAULT_USER_NAME.equals(security.subject().login())) {
            throw new SecurityException(
                    "Creating and dropping shadows and triggers needs the grid's administrator [user="
                            + security.subject().login() + ']');
        }
    }

    private List<List<GridQueryFieldMetadata>> metadata(
            @Nullable QueryContext context, @Nullable String schema, String sql, boolean ofParameters) {
        String session = session(schema);
        if (!CopyNames.mayConcern(sql, session)) {
            return engineMetadata(context, schema, sql, ofParameters);
        }
        try {
            QueryScript script = scripts.get(sql, session);
            if (script.isUntouched()) {
                return engineMetadata(context, engineSchema(schema), sql, ofParameters);
            }
            List<List<GridQueryFieldMetadata>> metadata = new ArrayList<>();
            for (Step step : script.steps()) {
                if (step instanceof Engine engine) {
                    NamedText named = engine.named();
                    String text = named == null ? engine.sql() : name(named).sql();
                    metadata.addAll(engineMetadata(context, engineSchema(schema), text, ofParameters));
                } else if (step instanceof Explain explain && ofParameters) {
                    String text = name(explain.query()).sql();
                    metadata.addAll(engineMetadata(context, engineSchema(schema), text, true));
                } else {
                    metadata.add(step instanceof Explain ? QueryAnswers.EXPLAIN_FIELDS : List.of());
                }
            }
            return metadata;
        } catch (PenumbraException e) {
            throw QueryFailures.of(e);
        }
    }

    private List<List<GridQueryFieldMetadata>> engineMetadata(
            @Nullable QueryContext context, @Nullable String schema, String sql, boolean ofParameters) {
        return ofParameters
                ? calcite().parameterMetaData(context, schema, sql)
                : calcite().resultSetMetaData(context, schema, sql);
    }

    private static boolean failsOnSeveral(@Nullable QueryContext context) {
        QueryProperties properties = context == null ? null : context.unwrap(QueryProperties.class);
        return properties != null && properties.isFailOnMultipleStmts();
    }

    private static Object[] slice(Step step, Object[] parameters) {
        int from = Math.min(step.firstParameter(), parameters.length);
        return Arrays.copyOfRange(parameters, from, Math.min(from + step.parameters(), parameters.length));
    }

    private static String session(@Nullable String schema) {
        return schema == null ? QueryUtils.DFLT_SCHEMA : schema;
    }

    /** {@code SHADOW} is no schema of the engine's; every name that it would complete has been replaced. */
    private static @Nullable String engineSchema(@Nullable String schema) {
        return CopyNames.ANY.equals(schema) ? QueryUtils.DFLT_SCHEMA : schema;
    }

    private ShadowQueryServices services() {
        ShadowQueryServices open = services;
        if (open == null) {
            throw new PenumbraException(ErrorCode.SQL_NOT_READY);
        }
        return open;
    }

    private CalciteQueryProcessor calcite() {
        CalciteQueryProcessor found = calcite;
        if (found == null) {
            found = Commons.lookupComponent(ctx, CalciteQueryProcessor.class);
            calcite = found;
        }
        return found;
    }
}
