extension PendingChanges where Batch == StoredVectors {
    /// The snapshot with these changes made to it.
    ///
    /// - Parameter merging: Whether segments are joined, as one does that stay in memory.
    func applied(
        to snapshot: ExactSnapshot, tag: [UInt8], merging: Bool
    ) throws(VectorIndexError) -> ExactSnapshot {
        var segments = snapshot.segments
        for id in ids {
            if let place = try snapshot.place(of: id) { segments[place.segment].delete(row: place.row) }
        }
        let segment = addedSegment(dimension: snapshot.dimension, storage: snapshot.storage)
        if segment.rowCount > 0 { segments.append(segment) }
        segments.removeAll { $0.count == 0 }
        if merging { segments = try Self.merged(segments, of: snapshot) }
        return ExactSnapshot(
            metric: snapshot.metric, dimension: snapshot.dimension, storage: snapshot.storage, tag: tag,
            segments: segments,
            codePolicy: snapshot.codePolicy)
    }

    private func addedSegment(dimension: Int, storage: VectorStorage) -> VectorSegment {
        let places = added
        if batches.count == 1, places.count == batches[0].count, places.indices.allSatisfy({ places[$0].row == $0 }) {
            return VectorSegment(ids: places.map(\.id), vectors: batches[0])
        }
        let vectors = StoredVectors(copying: places.count, dimension: dimension, storage: storage) { row in
            batches[places[row].batch].address(places[row].row)
        }
        return VectorSegment(ids: places.map(\.id), vectors: vectors)
    }

    /// Joins the last segments while they are not much smaller than the one before, so that many small commits stay few
    /// segments and each row is copied a logarithmic number of times; rewrites a segment of which half is deleted.
    ///
    /// Which are joined is settled first, so that each row is copied once; what is joined or new gets codes of its own, around its
    /// own mean. (Rows on their way into a file get theirs when it is written.)
    private static func merged(
        _ segments: [VectorSegment], of snapshot: ExactSnapshot
    ) throws(VectorIndexError) -> [VectorSegment] {
        var groups = segments.map { (count: $0.count, parts: [$0]) }
        while groups.count > 1, 2 * groups[groups.count - 1].count >= groups[groups.count - 2].count {
            let last = groups.removeLast()
            groups[groups.count - 1].count += last.count
            groups[groups.count - 1].parts += last.parts
        }
        var result: [VectorSegment] = []
        for group in groups {
            let isSparse = 2 * group.count < group.parts[0].rowCount
            var segment = group.parts[0]
            if group.parts.count > 1 || isSparse {
                segment = try LiveRows(of: group.parts).merged(
                    dimension: snapshot.dimension, storage: snapshot.storage)
            }
            segment.makeCodes(snapshot.codePolicy, metric: snapshot.storage.codedMetric(snapshot.metric))
            result.append(segment)
        }
        return result
    }
}
