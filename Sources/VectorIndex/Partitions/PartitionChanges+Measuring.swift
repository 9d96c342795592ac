internal import VectorMath

extension PartitionChanges {
    /// Makes changes and, where the index begins or has doubled since probes were measured, measures them: some of the new vectors go in
    /// last, when the others were asked for them.
    mutating func applyMeasuring(
        deleting deleted: [UInt64], adding ids: [UInt64], _ vectors: Matrix<Float>
    ) throws(VectorIndexError) {
        let isDue = state.calibration?.isOutgrown(by: state.count + ids.count) ?? true
        guard isDue, let heldOut = HeldOutVectors(ids: ids, vectors: vectors, seed: state.settings.seed) else {
            return try apply(deleting: deleted, adding: ids, vectors)
        }
        let isFirst = state.count == 0
        try apply(deleting: deleted, adding: heldOut.otherIDs, heldOut.others)
        try check(.calibrating, 0, of: heldOut.ids.count)
        // What is in memory and was checked has no errors.
        calibrate(try? measured(by: heldOut, isFirst: isFirst))
        try apply(deleting: [], adding: heldOut.ids, heldOut.vectors)
    }

    private func measured(by heldOut: HeldOutVectors, isFirst: Bool) throws(VectorIndexError) -> RecallCalibration {
        let (state, queries) = (state, heldOut.vectors.view)
        let all = max(1, state.bodies.count)
        // One probe, and each next number about a fifth larger, up to all.
        let probes = sequence(first: 1) { $0 < all ? min(all, $0 + max(1, $0 / 5)) : nil }
        return try RecallCalibration.measure(
            against: isFirst ? heldOut.neighbours(metric: state.metric) : nil,
            kept: PartitionSnapshot(state, probes: all).search(queries, k: 2 * RecallCalibration.neighbours),
            before: state.calibration, vectorCount: state.count, efforts: probes.prefix(RecallCalibration.fileRoom)
        ) { (count) throws(VectorIndexError) in
            try PartitionSnapshot(state, probes: count).search(queries, k: RecallCalibration.neighbours)
        }
    }
}
