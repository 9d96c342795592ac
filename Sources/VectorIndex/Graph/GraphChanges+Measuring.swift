internal import VectorMath

extension GraphChanges {
    /// A narrowest beam, and each of the next about a fifth wider.
    private static let beams = sequence(first: 10) { $0 < 500 ? $0 + max(2, $0 / 5) : nil }

    /// Adds vectors and, where the graph begins or has doubled since beams were measured, measures them: some of the vectors go in last,
    /// when the graph of the others was asked for them.
    mutating func addMeasuring(ids: [UInt64], vectors: Matrix<Float>) throws(VectorIndexError) {
        let isDue = state.calibration?.isOutgrown(by: state.count + ids.count) ?? true
        guard isDue, let heldOut = HeldOutVectors(ids: ids, vectors: vectors, seed: state.settings.seed) else {
            return try add(ids: ids, vectors: vectors.view)
        }
        let isFirst = state.count == 0
        try add(ids: heldOut.otherIDs, vectors: heldOut.others.view)
        reachAll(isLast: false)
        try check(.calibrating, 0, of: heldOut.ids.count)
        // What is in memory and was checked has no errors.
        calibrate(try? measured(by: heldOut, isFirst: isFirst))
        try add(ids: heldOut.ids, vectors: heldOut.vectors.view)
    }

    private func measured(by heldOut: HeldOutVectors, isFirst: Bool) throws(VectorIndexError) -> RecallCalibration {
        let (state, queries) = (state, heldOut.vectors.view)
        return try RecallCalibration.measure(
            against: isFirst ? heldOut.neighbours(metric: state.metric) : nil,
            kept: GraphSnapshot(state).nearestByRows(queries, k: 2 * RecallCalibration.neighbours),
            before: state.calibration, vectorCount: state.count, efforts: Self.beams
        ) { (beam) throws(VectorIndexError) in
            try GraphSnapshot(state, beam: beam).search(queries, k: RecallCalibration.neighbours)
        }
    }
}
