internal import Files

/// Fetches models from a hub, through the system's `curl`.
public struct HubDownload: Sendable {
    /// Where the hub is: `$HF_ENDPOINT`, else `https://huggingface.co`.
    public let endpoint: String

    /// A branch, tag or commit.
    public let revision: String

    /// Whether curl draws its progress bar on stderr while it fetches the weights.
    public let showsProgress: Bool

    /// A hub, by default the one that the environment names.
    public init(endpoint: String? = nil, revision: String = "main", showsProgress: Bool = false) {
        let fromEnvironment = FileSystem.environment("HF_ENDPOINT").flatMap { $0.isEmpty ? nil : $0 }
        var address = endpoint ?? fromEnvironment ?? "https://huggingface.co"
        while address.hasSuffix("/") { address.removeLast() }
        self.endpoint = address
        (self.revision, self.showsProgress) = (revision, showsProgress)
    }

    /// Fetches the files of a model into a folder that exists: the configuration first, so that a model that is not implemented is
    /// refused before its weights are fetched.
    func fetch(_ name: String, into folder: String) throws(ModelFilesError) {
        guard ModelReference.isHubName(name), name.contains("/") else {
            throw .malformed(path: name, reason: "no name of a model: ORGANISATION/NAME expected")
        }
        var transformer = ""
        if try get(ModelLayout.modules, of: name, into: folder, isRequired: false) {
            let modules = try ModelModule.list(path: FileSystem.joined(folder, ModelLayout.modules))
            transformer = modules[0].path
            for file in ModelLayout.moduleFiles(of: modules) {
                _ = try get(file.name, of: name, into: folder, isRequired: file.isRequired)
            }
            for file in try ModelLayout.routerFiles(of: modules, in: folder) {
                _ = try get(file.name, of: name, into: folder, isRequired: file.isRequired)
            }
        }
        for file in ModelLayout.required {
            _ = try get(FileSystem.joined(transformer, file), of: name, into: folder, isRequired: true)
        }
        _ = try TransformerConfiguration(path: FileSystem.joined(folder, FileSystem.joined(transformer, "config.json")))
        let optional = Set(ModelLayout.optional.map { FileSystem.joined(transformer, $0) } + ModelLayout.optional)
        for file in optional.sorted() {
            _ = try get(file, of: name, into: folder, isRequired: false)
        }
        let weights = FileSystem.joined(transformer, ModelLayout.weights)
        _ = try get(weights, of: name, into: folder, isRequired: true, showsProgress: showsProgress)
    }

    /// Fetches one file. Returns false where the hub has none of that name and it may be absent.
    private func get(
        _ file: String, of name: String, into folder: String, isRequired: Bool, showsProgress: Bool = false
    ) throws(ModelFilesError) -> Bool {
        let url = "\(endpoint)/\(name)/resolve/\(revision)/\(file)"
        let path = FileSystem.joined(folder, file)
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.makeDirectory(FileSystem.parent(of: path))
        }
        let arguments =
            ["curl", "--fail", "--location", "--show-error"] + (showsProgress ? ["--progress-bar"] : ["--silent"]) + [
                "--proto", "=http,https", "--proto-redir", "=http,https", "--connect-timeout", "20", "--speed-limit",
                "1", "--speed-time", "60",
                "--retry", "2", "--write-out", "%{http_code}", "--output", path, "--", url,
            ]
        let result: ChildProcess.Result
        do throws(ChildProcess.Failure) {
            result = try ChildProcess.run(arguments, capturesErrors: !showsProgress)
        } catch {
            throw .cannotDownload(url: url, reason: "curl cannot be started (\(error.reason)): install curl")
        }
        if result.status == 0, FileSystem.exists(path) { return true }
        try ModelFilesError.wrapping { () throws(FilesError) in try FileSystem.remove(path) }
        let code = result.output.suffix(3)
        switch (result.status, code) {
        // An empty file makes curl succeed and write none.
        case (0, _): return !isRequired
        case (22, "404") where !isRequired: return false
        case (22, "404"): throw .cannotDownload(url: url, reason: "the hub has no such file (404)")
        case (22, "401"), (22, "403"):
            throw .cannotDownload(url: url, reason: "the hub has no such model, or one that needs a login (\(code))")
        case (22, _): throw .cannotDownload(url: url, reason: "the hub answered \(code)")
        default: throw .cannotDownload(url: url, reason: HubDownload.reason(of: result))
        }
    }

    /// The last line that curl wrote, or its exit code.
    private static func reason(of result: ChildProcess.Result) -> String {
        let lines = result.errors.split(separator: "\n")
        return lines.last.map(String.init) ?? "curl failed with code \(result.status)"
    }
}
