"""The looks of the page: a light and a dark set of colours, told apart by lightness too."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--ink:#1d2326;--soft:#667077;--line:#e4e6e3;--ground:#aab2b5;
--k0:#00796b;--k1:#e08e45;--k2:#b3261e;--k3:#b4bcc0}
@media(prefers-color-scheme:dark){:root{--paper:#14181a;--card:#1c2124;--ink:#e8ebea;--soft:#98a3a8;--line:#2c3336;
--ground:#566066;--k0:#4db6a4;--k1:#eba765;--k2:#f2766b;--k3:#5d686d}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.45 system-ui,"Segoe UI",Roboto,Cantarell,sans-serif}
main{max-width:940px;margin:0 auto;padding:28px 20px 40px}
h1{font-size:26px;margin:0;letter-spacing:.01em}
header p{margin:2px 0 18px;color:var(--soft)}
h2{font-size:16px;margin:0 0 2px}
section,.tiles{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0 0 14px}
section p{margin:0 0 6px;color:var(--soft);font-size:14px}
section p:last-child{margin:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:14px 16px}
.tiles b{display:block;font-size:22px;font-weight:600;line-height:1.25}
.tiles span{display:block;font-size:12.5px;line-height:1.3;color:var(--soft)}
svg{display:block;width:100%;height:auto;font-size:12px}
text{fill:var(--soft);font-variant-numeric:tabular-nums}
.up,.unit{text-anchor:end}.unit{text-anchor:start;transform:translateX(-48px)}.across{text-anchor:middle}
.grid{stroke:var(--line)}.ground{stroke:var(--ground)}
.range{fill:var(--k0);opacity:.34}.whisker{stroke:var(--k0);opacity:.5}.half{fill:var(--k0)}.beyond{fill:var(--k1)}
.course{fill:none;stroke:var(--k0);stroke-width:1.6;stroke-linejoin:round}
.kind0{fill:var(--k0);background:var(--k0)}.kind1{fill:var(--k1);background:var(--k1)}
.kind2{fill:var(--k2);background:var(--k2)}.kind3{fill:var(--k3);background:var(--k3)}
g:hover{filter:brightness(1.25)}
.key{display:inline-block;margin-right:18px}
.key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
table{border-collapse:collapse;width:100%;font-size:14px;margin-top:8px}
th{text-align:left;font-weight:500;color:var(--soft);font-size:12.5px}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{white-space:nowrap}td:nth-child(2),th:nth-child(2){text-align:right;padding-right:18px}
tr:last-child td{border-bottom:0}
.grave td{color:var(--k2)}
small{color:var(--soft);margin-left:6px}
.note,footer{color:var(--soft);font-size:13px}
@media print{body{background:#fff}section{break-inside:avoid}}
"""
