extension ExactSnapshot {
    /// Opens an index file to read: it is mapped, and a page is checked when it is first touched.
    ///
    /// - Complexity: One checksum of 4 bytes is read for every 64 KiB of the file.
    /// - Throws: `notAnIndex`, `unsupportedVersion`, `damaged`, `wrongSize`, `file`.
    public init(path: String) throws(VectorIndexError) {
        let file = try MappedIndexFile(path: path)
        self.init(
            metric: file.layout.metric, dimension: file.layout.dimension, tag: file.tag,
            segments: [VectorSegment(file: file)])
    }

    /// Reads every byte of the file behind this snapshot anew: checksums, the order of the ids, the vectors' numbers.
    ///
    /// What is only in memory has nothing to verify. Throws the first problem.
    public func verify() throws(VectorIndexError) {
        for segment in segments { try segment.verify() }
    }

    /// Writes the vectors to a file, by ascending id, so that equal content is equal bytes. It appears complete or not at all.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again; nil for this snapshot's.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file`; `damaged` where the file that this snapshot reads is.
    public func write(to path: String, tag: [UInt8]? = nil, force: Bool = true) throws(VectorIndexError) {
        let tag = tag ?? self.tag
        let rows = try LiveRows(of: segments)
        guard
            let layout = IndexFileLayout(
                metric: metric, dimension: dimension, tagSize: tag.count, count: rows.places.count)
        else { preconditionFailure("an index tag has at most \(IndexFileLayout.maximumTagSize) bytes") }
        var writer = try IndexFileWriter(path: path, layout: layout, force: force)
        try writer.append(tag)
        try writer.fill(to: layout.idsOffset)
        try writer.append(ids: rows.places.map(\.id))
        try writer.fill(to: layout.vectorsOffset)
        for place in rows.places {
            // A damaged row must not get a fresh checksum.
            try segments[place.segment].check(rows: place.row..<place.row + 1)
            try writer.append(row: place.row, of: segments[place.segment].vectors)
        }
        try writer.finish()
    }
}
