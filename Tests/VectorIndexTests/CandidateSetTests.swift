import Testing
import VectorMath

@testable import VectorIndex

@Suite("Candidate sets")
struct CandidateSetTests {
    /// Ids that fill lists, bitmaps and several groups.
    static func ids(_ count: Int, below bound: Int, seed: UInt64) -> [UInt64] {
        var generator = RandomGenerator(seed: seed)
        return (0..<count).map { _ in UInt64(generator.below(bound)) &* 0x1_0000_0003 }
            + (0..<count).map { _ in UInt64(generator.below(bound)) }
    }

    @Test("hold what a set holds", arguments: [(0, 1), (1, 1), (300, 1000), (9000, 20000), (9000, 200_000)])
    func equalsSet(count: Int, bound: Int) {
        let ids = Self.ids(count, below: bound, seed: 1)
        let candidates = CandidateSet(ids)
        let model = Set(ids)
        #expect(candidates.count == model.count)
        #expect(candidates.isEmpty == model.isEmpty)
        #expect(candidates.ids == model.sorted())
        #expect(candidates == CandidateSet(model.sorted()))
        for id in ids.prefix(500) {
            #expect(candidates.contains(id))
            #expect(candidates.contains(id &+ 1) == model.contains(id &+ 1))
        }
    }

    @Test("are joined, intersected and subtracted like sets")
    func algebra() {
        let (first, second) = (Self.ids(6000, below: 9000, seed: 2), Self.ids(500, below: 9000, seed: 3))
        let (a, b) = (CandidateSet(first), CandidateSet(second))
        #expect(a.union(b).ids == Set(first).union(second).sorted())
        #expect(a.intersection(b).ids == Set(first).intersection(second).sorted())
        #expect(b.intersection(a) == a.intersection(b))
        #expect(a.subtracting(b).ids == Set(first).subtracting(second).sorted())
        #expect(a.subtracting(a) == [])
    }

    @Test("hold the largest ids")
    func largest() {
        let candidates: CandidateSet = [.max, 0, .max - 65536]
        #expect(candidates.ids == [0, .max - 65536, .max])
        #expect(!candidates.contains(.max - 1))
    }

    @Test("of rows give the runs of consecutive members", arguments: 0..<40)
    func runs(seed: UInt64) {
        var generator = RandomGenerator(seed: seed)
        let capacity = 1 + generator.below(300)
        var set = PositionSet(capacity: capacity)
        let density = generator.below(10)
        let members = (0..<capacity).filter { _ in generator.below(10) < density || density == 9 }
        for member in members { set.insert(member) }
        let low = generator.below(capacity + 1)
        let range = low..<low + generator.below(capacity + 1 - low)
        let runs = set.runs(in: range)
        #expect(runs.flatMap(Array.init) == members.filter(range.contains))
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        #expect(set.count(in: range) == members.count(where: range.contains))
        #expect(
            set.complement.runs(in: 0..<capacity).flatMap(Array.init) == (0..<capacity).filter { !members.contains($0) }
        )
        #expect(set.complement.count == capacity - members.count)
        for member in members { set.remove(member) }
        #expect(set.count == 0 && set.runs(in: 0..<capacity).isEmpty)
    }

    @Test("of the best few do not depend on the order of the stream", arguments: 0..<20)
    func topNeighbours(seed: UInt64) {
        var generator = RandomGenerator(seed: seed)
        var entries = (0..<200).map { TopNeighbours.Entry(key: Float(generator.below(9)), id: UInt64($0)) }
        let expected = entries.sorted { $0.precedes($1) }
        generator.shuffle(&entries)
        let limit = 1 + generator.below(230)
        var parts = [TopNeighbours](repeating: TopNeighbours(limit: limit), count: 3)
        for entry in entries { parts[generator.below(3)].offer(entry.key, id: entry.id) }
        #expect(Array(TopNeighbours.merging(parts, limit: limit)) == Array(expected.prefix(limit)))
    }
}
