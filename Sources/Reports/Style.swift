/// How pages and pictures look: one set of colours for light, one for dark, and the light one for paper.
enum Style {
    /// The number of colours that series are told apart by. They differ in lightness too, for who sees fewer hues.
    static let colorCount = 5

    private static let light = """
        --paper:#ffffff;--panel:#f6f7f9;--ink:#1b1f24;--muted:#5c6670;--rule:#dfe3e8;--axis:#8a939c;\
        --c0:#8a96a3;--c1:#1f6fd0;--c2:#d0651b;--c3:#11826b;--c4:#8250c4;--good:#0f7a4d;--goodbg:#e5f5ec;--bad:#b3331f;\
        --badbg:#fbeae6;
        """
    private static let dark = """
        --paper:#14171b;--panel:#1c2026;--ink:#e4e8ec;--muted:#9aa5b0;--rule:#2c323a;--axis:#6d7883;\
        --c0:#7f8b98;--c1:#5aa2f5;--c2:#f08c42;--c3:#35b597;--c4:#ab83ea;--good:#4fc38a;--goodbg:#16301f;--bad:#f0806c;\
        --badbg:#3a1e19;
        """

    /// The colours, for all inside an element.
    static func colors(of selector: String) -> String {
        "\(selector){color-scheme:light dark;\(light)}"
            + "@media screen and (prefers-color-scheme:dark){\(selector){\(dark)}}"
    }

    /// Pictures.
    static let charts: String = {
        var rules = """
            .chart{display:block;width:100%;height:auto;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",\
            "Liberation Sans",sans-serif;font-size:12.5px;font-variant-numeric:tabular-nums}
            .chart text{fill:var(--muted)}
            .chart .title{fill:var(--ink);font-size:15px;font-weight:600}
            .chart .legend{fill:var(--ink)}
            .chart .halo{paint-order:stroke;stroke:var(--paper);stroke-width:5;stroke-linejoin:round}
            .chart .grid{stroke:var(--rule);stroke-width:1}
            .chart .axis{stroke:var(--axis);stroke-width:1}
            .chart .void{fill:var(--panel)}
            .chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
            .chart .faint{stroke-width:1;opacity:.5}
            .chart .band{opacity:.16;stroke:none}
            .chart .dot{stroke:var(--paper);stroke-width:1.5}
            .chart .whisker{stroke:var(--ink);stroke-width:1.25}
            .chart .mark{stroke:var(--ink);stroke-width:1.25;stroke-dasharray:4 3}

            """
        for number in 0..<colorCount {
            rules += ".chart .line.s\(number){stroke:var(--c\(number))}"
            rules += ".chart .band.s\(number),.chart .dot.s\(number),.chart .block.s\(number){fill:var(--c\(number))}\n"
        }
        return rules
    }()

    /// Pages.
    static let page = """
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,\
        "Noto Sans","Liberation Sans",sans-serif;-webkit-text-size-adjust:100%}
        main{max-width:1080px;margin:0 auto;padding:40px 28px 72px}
        h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0 0 6px;overflow-wrap:anywhere}
        h2{font-size:21px;line-height:1.3;letter-spacing:-.008em;margin:52px 0 12px;padding-top:14px;border-top:1px solid var(--rule)}
        h3{font-size:16px;margin:28px 0 8px}
        p{margin:0 0 12px;max-width:74ch;overflow-wrap:anywhere}
        .lead{color:var(--muted);font-size:16px;max-width:none;margin-bottom:20px}
        .note{color:var(--muted);font-size:14px}
        .figures{display:flex;flex-wrap:wrap;gap:12px;margin:24px 0 8px;padding:0;list-style:none}
        .figures li{flex:1 1 150px;background:var(--panel);border-radius:8px;padding:12px 16px}
        .figures span{display:block;color:var(--muted);font-size:13px;line-height:1.35}
        .figures strong{display:block;font-size:23px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));gap:32px 40px;margin:20px 0}
        .charts figure{margin:0;min-width:0;max-width:640px}
        .wide{overflow-x:auto;margin:16px 0}
        table{border-collapse:collapse;font-size:14.5px;font-variant-numeric:tabular-nums lining-nums}
        caption{text-align:left;color:var(--muted);font-size:14px;padding-bottom:6px}
        th,td{padding:6px 22px 6px 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--rule)}
        th:last-child,td:last-child{padding-right:0}
        thead th{color:var(--muted);font-weight:500;font-size:13px;white-space:nowrap;border-bottom-color:var(--axis)}
        tbody th{font-weight:500;min-width:9.5em}
        td{overflow-wrap:anywhere}
        .number{text-align:right;white-space:nowrap}
        code{font:13px/1.4 ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
        details{border:1px solid var(--rule);border-radius:8px;margin:0 0 8px;break-inside:avoid}
        summary{cursor:pointer;padding:9px 14px;display:flex;gap:14px;align-items:baseline}
        summary::before{content:"▸";color:var(--muted);flex:none;width:.8em}
        details[open]>summary::before{content:"▾"}
        summary::-webkit-details-marker{display:none}
        summary .what{flex:1;min-width:0;font-weight:500;overflow-wrap:anywhere}
        summary .change{flex:none;font-variant-numeric:tabular-nums;font-size:14px;color:var(--muted)}
        summary .change b{font-weight:600}
        .gain{color:var(--good)}
        .loss{color:var(--bad)}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:8px 28px;padding:2px 14px 14px}
        .pair section{min-width:0}
        .pair h4{font-size:13px;font-weight:500;color:var(--muted);margin:6px 0}
        .pair ol{list-style:none;margin:0;padding:0}
        .pair li{display:grid;grid-template-columns:1.6em 1fr;gap:8px;padding:7px 9px;border-radius:6px;font-size:13.5px;line-height:1.45}
        .pair li.relevant{background:var(--goodbg)}
        .pair li>span{color:var(--muted);text-align:right;font-variant-numeric:tabular-nums}
        .pair li>div{min-width:0;overflow-wrap:anywhere;unicode-bidi:isolate}
        .pair .mark{color:var(--good);font-weight:600}
        .pair .note{font-size:12.5px}
        footer{margin-top:56px;color:var(--muted);font-size:13.5px}
        @media print{main{max-width:none;padding:0}body{font-size:11pt}h2{break-after:avoid}figure,table,.figures li{break-inside:avoid}\
        .charts{grid-template-columns:1fr 1fr}}

        """
}
