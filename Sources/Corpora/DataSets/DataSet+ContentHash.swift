public import Files

extension DataSet {
    /// A digest of a data set's content, for the record of what a model was trained on.
    ///
    /// It covers the files that ``open(_:)`` reads, by their names within the data set and their bytes: other files in
    /// the folder and the folder's own name do not matter.
    public static func contentHash(of path: String) throws(CorporaError) -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        for (name, file) in try contentFiles(of: path) {
            let digest = try fromFiles { () throws(FilesError) in try SHA256Digest.of(fileAt: file) }
            hasher.update(Array("\(name)\0\(digest.hex)\n".utf8))
        }
        return hasher.finalize()
    }

    /// The files that hold the data, by name.
    private static func contentFiles(of path: String) throws(CorporaError) -> [(name: String, path: String)] {
        guard FileSystem.isDirectory(path) else { return [(FileSystem.name(of: path), path)] }
        guard FileSystem.exists(FileSystem.joined(path, Layout.corpus)) else {
            return try splitFiles(in: path).map { (FileSystem.name(of: $0.path), $0.path) }.sorted { $0.0 < $1.0 }
        }
        var names = [Layout.corpus]
        if FileSystem.exists(FileSystem.joined(path, Layout.queries)) { names.append(Layout.queries) }
        names += try judgementFiles(in: path).map { "\(Layout.judgements)/\($0.split).tsv" }.sorted()
        return names.map { ($0, FileSystem.joined(path, $0)) }
    }
}
