internal import Files
internal import ModelFiles
internal import VectorMath

/// Vectors that were computed before: of the same texts, in the same space, by the same recipe.
///
/// Evaluating a model and indexing with it embed the same corpus; the second of them finds the vectors here. A file a
/// corpus, named by a digest of everything that decides its bits, and checked when it is read. Safe to delete at any time;
/// the oldest go first when the folder grows past its limit.
public struct VectorCache: Sendable {
    /// Where the files are.
    public let folder: String
    /// How many bytes the folder may hold.
    public let byteLimit: Int

    /// The cache in `$ATTUNE_HOME/cache/vectors`, of at most 2 GiB.
    public static var standard: VectorCache {
        VectorCache(folder: FileSystem.joined(AttuneHome.cache, "vectors"), byteLimit: 2 << 30)
    }

    public init(folder: String, byteLimit: Int) {
        self.folder = folder
        self.byteLimit = byteLimit
    }

    /// The vectors `[N, D]` of a key, where they are here and whole.
    func vectors(for key: SHA256Digest, rows: Int, columns: Int) -> Matrix<Float>? {
        guard
            let file = try? SafetensorsFile(path: path(of: key)),
            let tensor = try? file.require("vectors", shape: [rows, columns]),
            file.metadata["sha256"] == tensor.withUnsafeBytes({ SHA256Digest.of($0) }).hex,
            let view = try? tensor.matrix()
        else { return nil }
        return Matrix(copying: view)
    }

    /// Keeps vectors under a key. A cache that cannot be written is no error: it is a cache.
    func keep(_ vectors: Matrix<Float>, for key: SHA256Digest) {
        guard vectors.rows > 0, vectors.rows * vectors.columns * 4 <= byteLimit else { return }
        let floats = vectors.elements()
        let digest = floats.withUnsafeBytes { SHA256Digest.of($0) }
        var writer = SafetensorsWriter()
        writer.add("vectors", shape: [vectors.rows, vectors.columns], floats: floats)
        guard (try? FileSystem.makeDirectory(folder)) != nil else { return }
        makeRoom(for: floats.count * 4)
        try? writer.write(to: path(of: key), metadata: ["sha256": digest.hex])
    }

    private func path(of key: SHA256Digest) -> String {
        FileSystem.joined(folder, "\(key.hex).safetensors")
    }

    private func makeRoom(for bytes: Int) {
        let files = ((try? FileSystem.names(in: folder)) ?? []).filter { $0.hasSuffix(".safetensors") }
            .compactMap { name -> (path: String, size: Int, time: Int64)? in
                let path = FileSystem.joined(folder, name)
                guard let size = try? FileSystem.size(of: path), let time = try? FileSystem.modificationTime(of: path)
                else { return nil }
                return (path, size, time)
            }
            .sorted { $0.time < $1.time }
        var total = files.reduce(bytes) { $0 + $1.size }
        for file in files where total > byteLimit {
            try? FileSystem.remove(file.path)
            total -= file.size
        }
    }
}
