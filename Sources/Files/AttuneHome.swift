/// Where this package keeps models and caches: `$ATTUNE_HOME`, else `~/.attune`.
public enum AttuneHome {
    /// The folder itself; it may not exist yet.
    public static var path: String {
        if let path = FileSystem.environment("ATTUNE_HOME"), !path.isEmpty { return path }
        return FileSystem.joined(FileSystem.homeFolder, ".attune")
    }

    /// Pulled models, in folders `organisation/name`.
    public static var models: String { FileSystem.joined(path, "models") }

    /// What can be computed again: safe to delete.
    public static var cache: String { FileSystem.joined(path, "cache") }
}
