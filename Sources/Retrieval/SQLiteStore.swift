internal import Files
internal import Foundation
internal import GRDB
internal import VectorIndex

/// The embedded store: one SQLite file.
///
/// | table | columns |
/// | --- | --- |
/// | `meta` | `key`, `value`: `identity` (JSON), `created`, `version` |
/// | `revisions` | `generation` (ascending), `word`: the last states, the current one last |
/// | `passages` | `number` (never given again), `id` (unique), `title`, `text`, `source`, `start`, `end`, `metadata` (JSON), `vector` (float32, little-endian), `checksum` (CRC-32C of the row) |
///
/// `application_id` says that it is a collection, `user_version` which schema it has. A rollback journal, not a write-ahead
/// log: between two calls the file is all there is, so that a copy of the folder is a copy of the collection, reading changes
/// nothing, and a folder that cannot be written is still searched. Rows carry a checksum, because SQLite has none.
public struct SQLiteStore: CollectionStore {
    /// The schema that this version writes, and the latest that it reads.
    public static let schema = 1
    /// "ATTU": what SQLite files of collections say of themselves.
    static let applicationID: Int32 = 0x4154_5455

    public let path: String
    public let identity: CollectionIdentity
    let database: DatabaseQueue

    /// A new, empty store; the file must not be there.
    public init(creating path: String, identity: CollectionIdentity) throws(RetrievalError) {
        precondition((1...65536).contains(identity.dimension), "a collection of \(identity.dimension) dimensions")
        self.path = path
        self.identity = identity
        guard identity.hasProperRecall else { throw .wrongTargetRecall(identity.targetRecall ?? 0) }
        guard !FileSystem.exists(path) else { throw .file(.alreadyExists(path: path)) }
        let record = try wrapping(path) { try encodeJSON(identity) }
        database = try wrapping(path) {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(
                    sql: "PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = \(Self.schema)")
                try database.execute(sql: Self.tables)
                for (key, value) in [("identity", record), ("version", attuneVersion)] {
                    try database.execute(sql: "INSERT INTO meta VALUES (?, ?)", arguments: [key, value])
                }
                try database.execute(sql: "INSERT INTO meta VALUES ('created', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))")
                try Self.endRevision(database)
            }
            return queue
        }
    }

    /// Opens a store.
    public init(path: String) throws(RetrievalError) {
        self.path = path
        guard FileSystem.isFile(path) else { throw .notACollection(path: path, reason: "there is no such file") }
        let queue = try wrapping(path) { try DatabaseQueue(path: path, configuration: Self.configuration) }
        let (application, schema) = try wrapping(path) {
            try queue.read { database in
                (
                    try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                )
            }
        }
        guard application == Self.applicationID else {
            throw .notACollection(path: path, reason: "the database was not made by attune")
        }
        guard schema == Self.schema else {
            throw .unsupportedSchema(path: path, found: schema, supported: Self.schema)
        }
        identity = try wrapping(path) { try queue.read { try Self.identity($0, path: path) } }
        database = queue
    }

    public func close() throws(RetrievalError) {
        try wrapping(path) { try database.close() }
    }

    private static func identity(_ database: Database, path: String) throws -> CollectionIdentity {
        let value = try DatabaseValue.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'identity'")
        guard let record = value.flatMap(String.fromDatabaseValue) else {
            throw RetrievalError.damaged(path: path, reason: "what it was embedded with is missing")
        }
        let identity = try decodeJSON(CollectionIdentity.self, bytes: Array(record.utf8), path: path)
        guard (1...65536).contains(identity.dimension) else {
            throw RetrievalError.damaged(
                path: path, reason: "it says that vectors have \(identity.dimension) dimensions")
        }
        guard identity.hasProperRecall else {
            throw RetrievalError.damaged(
                path: path, reason: "it asks for a recall of \(identity.targetRecall ?? 0)")
        }
        return identity
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.journalMode = .default
        return configuration
    }

    private static let tables = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
        CREATE TABLE revisions (generation INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
        CREATE TABLE passages (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            source TEXT,
            start INTEGER,
            "end" INTEGER,
            metadata TEXT NOT NULL,
            vector BLOB NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;
        """
}

/// Turns what SQLite says into one line with the path.
func wrapping<T>(_ path: String, _ body: () throws -> T) throws(RetrievalError) -> T {
    do {
        return try body()
    } catch let error as RetrievalError {
        throw error
    } catch let error as FilesError {
        throw .file(error)
    } catch let error as VectorIndexError {
        throw .index(error)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
        throw .notACollection(path: path, reason: "it is no SQLite database")
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
        throw .damaged(path: path, reason: error.message ?? "SQLite finds it malformed")
    } catch let error as DatabaseError {
        throw .database(path: path, reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
    } catch {
        throw .database(path: path, reason: String(describing: error))
    }
}
