internal import Files
internal import VectorMath

extension PartitionSnapshot {
    /// Opens a file of partitions to read: it is mapped, and a partition is checked when it is first touched.
    ///
    /// - Complexity: What grows with the number of partitions, as their centres, and four bytes for every 64 KiB of the file are read.
    /// - Throws: `notAnIndex`, `unsupportedVersion`, `damaged`, `wrongSize`, `file`.
    public init(path: String) throws(VectorIndexError) {
        self.init(try PartitionFile(path: path).state())
    }

    /// What the owner wrote into the file beside the partitions, at most 64 KiB; nothing where there is no file.
    public var tag: [UInt8] { state.file?.tag ?? [] }

    /// Reads every byte of the file behind this snapshot anew: checksums, and whether each id stands in one partition, the one that the
    /// table says.
    ///
    /// What is only in memory has nothing to verify. Throws the first problem.
    public func verify() throws(VectorIndexError) {
        guard let file = state.file else { return }
        try file.checkAll()
        var count = 0
        for (partition, body) in state.bodies.enumerated() {
            let ids = (0..<body.count).map(body.id)
            guard Set(ids).count == ids.count else { throw file.damaged("partition \(partition) has an id twice") }
            for id in ids where state.table[id] != UInt32(partition) {
                throw file.damaged("id \(id) is not found where it stands")
            }
            count += ids.count
        }
        guard count == state.count else { throw file.damaged("its table has ids that no partition has") }
    }

    /// Writes the index to a file, which appears complete or not at all. The same index gives the same bytes.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again; nil for this snapshot's.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file`; `damaged` where the file that this snapshot reads is.
    public func write(to path: String, tag: [UInt8]? = nil, force: Bool = true) throws(VectorIndexError) {
        // A damaged page must not get a fresh checksum.
        try state.file?.checkAll()
        try PartitionFileWriter(state, tag: tag ?? self.tag).write(to: path, force: force)
    }
}
