internal import Files

/// How users name a model: a folder, or a name on the hub such as `sentence-transformers/all-MiniLM-L6-v2`.
public enum ModelReference {
    /// The folder of a model.
    ///
    /// A folder is taken as it is, or for the model in it where it is a training run's. A name is looked for in `$ATTUNE_HOME/models`, then in the Hugging Face cache
    /// (`$HF_HUB_CACHE`, `$HF_HOME/hub`, `~/.cache/huggingface/hub`), there in the snapshot that `refs/main` names; a name without an
    /// organisation also under `sentence-transformers`.
    ///
    /// - Throws: `notFound` with the places where it was looked for.
    public static func resolve(_ reference: String) throws(ModelFilesError) -> String {
        try resolve(reference, models: AttuneHome.models, hubCache: hubCache)
    }

    static func resolve(_ reference: String, models: String, hubCache: String) throws(ModelFilesError) -> String {
        if FileSystem.isDirectory(reference) { return modelOfRun(reference) ?? reference }
        guard isHubName(reference) else { throw .notFound(reference: reference, searched: ["that folder"]) }
        let names = reference.contains("/") ? [reference] : [reference, "sentence-transformers/" + reference]
        for name in names {
            let folder = FileSystem.joined(models, name)
            if FileSystem.exists(FileSystem.joined(folder, "config.json"))
                || FileSystem.exists(FileSystem.joined(folder, "modules.json"))
            {
                return folder
            }
        }
        for name in names {
            if let snapshot = try snapshot(of: name, in: hubCache) { return snapshot }
        }
        throw .notFound(reference: reference, searched: [models, hubCache])
    }

    /// The tuned model in the folder of a training run of a model's own weights; nil where it is no such folder.
    public static func modelOfRun(_ path: String) -> String? {
        let model = FileSystem.joined(path, "model")
        guard FileSystem.isFile(FileSystem.joined(path, "run.json")), FileSystem.isDirectory(model) else { return nil }
        return model
    }

    /// Whether a text has the form of a hub name: one or two parts of letters, digits, `-`, `_` and `.`.
    static func isHubName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".")
                    && part.unicodeScalars.allSatisfy {
                        $0.isASCII
                            && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                                || "-_.".unicodeScalars.contains($0))
                    }
            }
    }

    /// The hub's name of a model by where its folder lies; nil where that does not tell.
    static func hubName(ofFolder path: String) -> String? {
        hubName(ofFolder: path, models: AttuneHome.models)
    }

    static func hubName(ofFolder path: String, models: String) -> String? {
        let folder = FileSystem.absolutePath(of: path)
        let home = FileSystem.absolutePath(of: models) + "/"
        if folder.hasPrefix(home) {
            let name = String(folder.dropFirst(home.count))
            return isHubName(name) ? name : nil
        }
        // …/models--ORGANISATION--NAME/snapshots/REVISION
        let parts = folder.split(separator: "/")
        guard parts.count >= 3, parts[parts.count - 2] == "snapshots", parts[parts.count - 3].hasPrefix("models--")
        else {
            return nil
        }
        var name = parts[parts.count - 3].dropFirst("models--".count)
        guard let separator = firstDoubleDash(in: name) else { return String(name) }
        name.replaceSubrange(separator, with: "/")
        return String(name)
    }

    private static func firstDoubleDash(in text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix("--") { return index..<text.index(index, offsetBy: 2) }
            index = text.index(after: index)
        }
        return nil
    }

    private static func snapshot(of name: String, in hubCache: String) throws(ModelFilesError) -> String? {
        let folder = FileSystem.joined(
            hubCache, "models--" + name.split(separator: "/").joined(separator: "--"))
        let reference = FileSystem.joined(folder, "refs/main")
        guard FileSystem.isFile(reference) else { return nil }
        let text = try ModelFilesError.wrapping { () throws(FilesError) in try readText(reference, limit: 1024) }
        let revision = text.filter { !$0.isWhitespace }
        guard !revision.isEmpty, !revision.contains("/"), !revision.hasPrefix(".") else {
            throw .malformed(path: reference, reason: "it names no snapshot")
        }
        let snapshot = FileSystem.joined(folder, "snapshots/\(revision)")
        return FileSystem.isDirectory(snapshot) ? snapshot : nil
    }

    /// The folder where the Hugging Face tools keep what they fetch.
    static var hubCache: String {
        func variable(_ name: String) -> String? {
            FileSystem.environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        if let cache = variable("HF_HUB_CACHE") { return cache }
        if let home = variable("HF_HOME") { return FileSystem.joined(home, "hub") }
        let cache = variable("XDG_CACHE_HOME") ?? FileSystem.joined(FileSystem.homeFolder, ".cache")
        return FileSystem.joined(cache, "huggingface/hub")
    }
}
