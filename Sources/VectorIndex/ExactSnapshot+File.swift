internal import VectorMath

extension ExactSnapshot {
    /// Opens an index file to read: it is mapped, and a page is checked when it is first touched.
    ///
    /// - Complexity: One checksum of 4 bytes is read for every 64 KiB of the file.
    /// - Throws: `notAnIndex`, `unsupportedVersion`, `damaged`, `wrongSize`, `file`.
    public init(path: String) throws(VectorIndexError) {
        try self.init(path: path, codes: .automatic)
    }

    init(path: String, codes: CodePolicy) throws(VectorIndexError) {
        let file = try MappedIndexFile(path: path)
        self.init(
            metric: file.layout.metric, dimension: file.layout.dimension, storage: file.layout.storage, tag: file.tag,
            segments: [VectorSegment(file: file)], codePolicy: codes)
    }

    /// Reads every byte of the file behind this snapshot anew: checksums, the order of the ids, the vectors' numbers, and
    /// whether the codes are those of the vectors.
    ///
    /// What is only in memory has nothing to verify. Throws the first problem.
    public func verify() throws(VectorIndexError) {
        for segment in segments { try segment.verify() }
    }

    /// Writes the vectors to a file, by ascending id, so that equal content is equal bytes. It appears complete or not at all.
    ///
    /// Vectors in float32 are written in formats that earlier versions read: 2 where codes pay, and 1 without them. Those of
    /// other storages are written in format 3, as they are kept: nothing is rounded anew.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again; nil for this snapshot's.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file`; `damaged` where the file that this snapshot reads is.
    public func write(to path: String, tag: [UInt8]? = nil, force: Bool = true) throws(VectorIndexError) {
        let tag = tag ?? self.tag
        let rows = try LiveRows(of: segments)
        let codes = try codes(of: rows)
        guard
            let layout = IndexFileLayout(
                metric: metric, dimension: dimension, storage: storage, tagSize: tag.count, count: rows.places.count,
                hasCodes: codes != nil)
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
        try writer.fill(to: layout.encodingOffset)
        if let codes {
            try writer.append(codes.encoding.fileHead)
            try writer.fill(to: layout.blocksOffset)
            try writer.append(blocks: codes.blocks)
        }
        try writer.finish()
    }

    /// The codes that rows have in a file.
    private func codes(of rows: LiveRows) throws(VectorIndexError) -> SegmentCodes? {
        guard codePolicy.makesCodes(count: rows.places.count, dimension: dimension) else { return nil }
        if segments.count == 1, let codes = segments[0].codesToWrite { return codes }
        return try rows.codes(metric: storage.codedMetric(metric), dimension: dimension)
    }
}
