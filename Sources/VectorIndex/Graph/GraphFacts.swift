/// The numbers of a graph's file beside its tables, in 128 bytes.
///
/// | offset | what |
/// | --- | --- |
/// | 0 | seed, uint64 |
/// | 8, 12 | build beam, refinements, uint32 |
/// | 16 | 1 where there is a space, uint32 |
/// | 20 | scale of the space, float32 |
/// | 24 | largest square of the space, float64 |
/// | 32 | measured points, uint32; 0 where nothing was measured |
/// | 36 | K of the measurement, uint32 |
/// | 40, 48 | its queries and vectors, uint64 |
/// | 56 | the recall of its rows, float64 |
struct GraphFacts: Equatable {
    var seed: UInt64
    var buildBeam: Int
    var refinements: Int
    var space: (scale: Float, largestSquare: Double)?
    var calibration: RecallCalibration?

    static func == (a: GraphFacts, b: GraphFacts) -> Bool { a.bytes == b.bytes && a.pointBytes == b.pointBytes }

    init(_ state: GraphState) {
        (seed, buildBeam) = (state.settings.seed, state.buildBeam)
        refinements = state.settings.refinements
        space = state.space.map { ($0.scale, $0.largestSquare) }
        calibration = state.calibration
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: seed)
        bytes.append(littleEndian: UInt32(buildBeam))
        bytes.append(littleEndian: UInt32(refinements))
        bytes.append(littleEndian: UInt32(space == nil ? 0 : 1))
        bytes.append(littleEndian: (space?.scale ?? 0).bitPattern)
        bytes.append(littleEndian: (space?.largestSquare ?? 0).bitPattern)
        bytes.append(littleEndian: UInt32(calibration?.points.count ?? 0))
        bytes.append(littleEndian: UInt32(calibration?.k ?? 0))
        bytes.append(littleEndian: UInt64(calibration?.queryCount ?? 0))
        bytes.append(littleEndian: UInt64(calibration?.vectorCount ?? 0))
        bytes.append(littleEndian: (calibration?.keptRecall ?? 0).bitPattern)
        return bytes + [UInt8](repeating: 0, count: GraphFileLayout.factsSize - bytes.count)
    }

    var pointBytes: [UInt8] { RecallCalibration.pointBytes(calibration) }

    /// Reads them from the parts of a file; nil where they say impossible things.
    init?(_ facts: UnsafeRawBufferPointer, points: UnsafeRawBufferPointer) {
        func number(_ offset: Int) -> Int? { Int(exactly: facts.littleEndian(UInt64.self, at: offset)) }
        func small(_ offset: Int) -> Int { Int(facts.littleEndian(UInt32.self, at: offset)) }
        func double(_ offset: Int) -> Double { Double(bitPattern: facts.littleEndian(UInt64.self, at: offset)) }
        seed = facts.littleEndian(UInt64.self, at: 0)
        (buildBeam, refinements) = (small(8), small(12))
        guard (1...1 << 20).contains(buildBeam), refinements <= 1 << 10 else { return nil }
        if small(16) == 1 {
            space = GraphSpace.numbers(scale: facts.littleEndian(UInt32.self, at: 20), largestSquare: double(24))
            guard space != nil else { return nil }
        }
        let count = small(32)
        guard let measured = RecallCalibration.points(points, count: count), let queries = number(40),
            let vectors = number(48)
        else { return nil }
        if count > 0 {
            guard small(36) >= 1 else { return nil }
            calibration = RecallCalibration(
                k: small(36), queryCount: queries, vectorCount: vectors, keptRecall: double(56), points: measured)
        }
        // What is written of it is what was read: nothing else stands there.
        guard bytes.elementsEqual(facts), pointBytes.elementsEqual(points) else { return nil }
    }
}
