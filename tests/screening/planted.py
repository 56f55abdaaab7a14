"""Identifiers planted in sentences of reports, and harmless sentences full of traps; seeded.

Persons are put together from syllables and common given names by the program; none is real. This
set is the one that the rules were made with; ``held_out`` was written apart from it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

SEED = 20260
EACH = 20
"""Identifiers of each kind in each of the four languages."""
FEW = 6
"""And in Russian and Chinese."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A sentence with one identifier at ``[start:end]``; harmless ones have no ``kind``."""

    language: str
    kind: str
    text: str
    start: int = 0
    end: int = 0


_GIVEN = {
    "en": ["Blessing", "Grace", "Mary", "Sunita", "Amina", "Joseph", "Thandiwe", "Nisha"],
    "fr": ["Aminata", "Fatou", "Chantal", "Rokia", "Moussa", "Salamatou", "Awa", "Claire"],
    "es": ["María", "Yesenia", "Lucía", "Rosa", "Carlos", "Carmen", "Juana", "Luz"],
    "ar": ["فاطمة", "مريم", "زينب", "أحمد", "خديجة", "سارة", "هدى", "نور"],
    "ru": ["Анна", "Ольга", "Мария", "Светлана"],
    "zh": ["王", "李", "张", "陈"],
}
_SYLLABLES = {
    "ar": ["را", "مو", "سا", "دي", "لو", "با", "ني", "كا", "شا", "تو"],
    "ru": ["ма", "ре", "то", "ни", "ла", "ко", "ви", "су", "да"],
    "zh": ["小红", "丽", "秀英", "芳", "建国", "晓梅"],
    "": ["ka", "ri", "mo", "ta", "le", "du", "sa", "ni", "bo", "fe", "za", "ul", "wen", "gar"],
}


def invented(rng: random.Random, language: str) -> str:
    """Return a family name, or a given one that no list has, put together from syllables."""
    if language == "zh":
        return rng.choice(_SYLLABLES["zh"])
    syllables = _SYLLABLES.get(language, _SYLLABLES[""])
    return "".join(rng.choice(syllables) for _ in range(rng.choice((2, 3)))).capitalize()


def given(rng: random.Random, language: str) -> str:
    """Return a given name: half of them common ones, half that no list has."""
    if language in {"zh"} or rng.random() < 0.5:
        return rng.choice(_GIVEN[language])
    return invented(rng, language)


def full(rng: random.Random, language: str) -> str:
    """Return a given name and a family name."""
    joint = "" if language == "zh" else " "
    return given(rng, language) + joint + invented(rng, language)


def known_full(rng: random.Random, language: str) -> str:
    """Return a common given name and an invented family name."""
    joint = "" if language == "zh" else " "
    return rng.choice(_GIVEN[language]) + joint + invented(rng, language)


def digits(rng: random.Random, count: int) -> str:
    """Return so many digits, the first no zero."""
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def eastern(text: str) -> str:
    """Return ``text`` with Arabic-Indic digits."""
    return text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


def phone(rng: random.Random, language: str) -> str:
    """Return a telephone number as people of the language's countries write theirs."""
    two = [digits(rng, 2) for _ in range(5)]
    forms = {
        "en": [f"+234 80{digits(rng, 1)} {digits(rng, 3)} {digits(rng, 4)}",
               f"07{two[0]} {digits(rng, 3)} {digits(rng, 3)}", f"+25471{digits(rng, 7)}",
               f"0{digits(rng, 3)}-{digits(rng, 3)}-{digits(rng, 3)}",
               f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}"],
        "fr": [f"+226 7{digits(rng, 1)} {two[1]} {two[2]} {two[3]}",
               f"06 {two[0]} {two[1]} {two[2]} {two[3]}", f"00221 77 {digits(rng, 3)} {two[0]} {two[1]}",
               f"07.{two[0]}.{two[1]}.{two[2]}.{two[3]}", f"7{digits(rng, 1)} {two[0]} {two[1]} {two[2]}"],
        "es": [f"+57 3{two[0]} {digits(rng, 3)} {digits(rng, 4)}", f"3{two[0]} {digits(rng, 3)} {digits(rng, 4)}",
               f"+502 {digits(rng, 4)} {digits(rng, 4)}", f"+51 9{two[0]} {digits(rng, 3)} {digits(rng, 3)}",
               f"({two[0]}) {digits(rng, 4)}-{digits(rng, 4)}"],
        "ar": [eastern(f"079{digits(rng, 7)}"), f"+962 79 {digits(rng, 3)} {digits(rng, 4)}",
               eastern(f"01{digits(rng, 9)}"), f"00963 93{digits(rng, 1)} {digits(rng, 3)} {digits(rng, 3)}",
               f"07{digits(rng, 2)}{digits(rng, 6)}"],
        "ru": [f"+7 9{two[0]} {digits(rng, 3)}-{two[1]}-{two[2]}", f"8 (9{two[0]}) {digits(rng, 3)}-{two[1]}-{two[2]}"],
        "zh": [f"13{digits(rng, 9)}", f"138 {digits(rng, 4)} {digits(rng, 4)}"],
    }  # fmt: skip
    return rng.choice(forms[language])


def email(rng: random.Random, language: str) -> str:
    """Return an e-mail address."""
    name = f"{invented(rng, 'en').lower()}{rng.choice(('.', '_', ''))}{invented(rng, 'fr').lower()}"
    host = rng.choice(("example.org", "mail.example.com", "example.net", "correo.example.es"))
    return f"{name}{rng.choice(('', digits(rng, 2)))}@{host}"


def document(rng: random.Random, language: str) -> str:
    """Return the number of an identity document."""
    forms = {
        "en": [f"A{digits(rng, 8)}", digits(rng, 9), f"AB {digits(rng, 7)}"],
        "fr": [f"{digits(rng, 2)}AK{digits(rng, 5)}", f"B{digits(rng, 8)}", digits(rng, 12)],
        "es": [digits(rng, 8), f"{digits(rng, 1)}.{digits(rng, 3)}.{digits(rng, 3)}.{digits(rng, 3)}", f"G{digits(rng, 8)}"],
        "ar": [eastern(digits(rng, 14)), f"N{digits(rng, 8)}", digits(rng, 10)],
        "ru": [f"{digits(rng, 2)} {digits(rng, 2)} {digits(rng, 6)}"],
        "zh": [f"E{digits(rng, 8)}", f"G{digits(rng, 8)}"],
    }  # fmt: skip
    return rng.choice(forms[language])


def coordinate(rng: random.Random, language: str) -> str:
    """Return coordinates of a place."""
    north, east = rng.uniform(-30, 45), rng.uniform(-90, 100)
    forms = [
        f"{north:.6f}, {east:.6f}", f"{abs(north):.4f}N {abs(east):.4f}E",
        f"{int(abs(north))}°{rng.randint(10, 59)}'{rng.randint(10, 59)}\"N "
        f"{int(abs(east))}°{rng.randint(10, 59)}'{rng.randint(10, 59)}\"W",
        f"{north:.5f}; {east:.5f}",
    ]  # fmt: skip
    made = rng.choice(forms)
    return eastern(made) if language == "ar" and rng.random() < 0.3 else made


def address(rng: random.Random, language: str) -> str:
    """Return a street address."""
    name, number = invented(rng, "en"), str(rng.randint(2, 480))
    forms = {
        "en": [f"{number} {name} Street", f"{number}B {name} Road", f"{number}, {name} Lane", f"{number} {name} Close"],
        "fr": [f"{number}, rue de {name}", f"{number} avenue {name}", f"rue {name}, n° {number}", f"{number} bis, boulevard {name}"],
        "es": [f"Calle {name} {number}", f"Carrera {number} # {digits(rng, 2)}-{digits(rng, 2)}", f"Avenida {name}, núm. {number}", f"calle {name} No. {number}"],
        "ar": [f"شارع {invented(rng, 'ar')} رقم {number}", f"شارع {invented(rng, 'ar')}، منزل {eastern(number)}"],
        "ru": [f"ул. {invented(rng, 'ru')}, д. {number}"],
        "zh": [f"{rng.choice(('中山', '人民', '解放'))}路{number}号"],
    }  # fmt: skip
    return rng.choice(forms[language])


def dated(rng: random.Random, language: str) -> str:
    """Return a name beside a day, an age or a birth."""
    age, year = rng.randint(11, 29), rng.randint(1996, 2014)
    day = f"{rng.randint(10, 28)}/0{rng.randint(1, 9)}/{year}"
    name, known = full(rng, language), known_full(rng, language)
    forms = {
        "en": [f"{name}, {age} years old", f"{known} ({age})", f"{name}, born on {day}", f"{name}, aged {age}", f"{age}-year-old {given(rng, 'en')}"],
        "fr": [f"{name}, {age} ans", f"{name}, née le {day}", f"{known} ({age})", f"{name}, âgée de {age} ans"],
        "es": [f"{name}, de {age} años", f"{name}, nacida el {day}", f"{known} ({age})", f"{name}, {age} años"],
        "ar": [f"{known}، {eastern(str(age))} سنة", f"{known}، مواليد {year}", f"{known} ({age})", f"{known} وعمرها {age} عاما"],
        "ru": [f"{name}, {age} лет", f"{known}, {year} года рождения"],
        "zh": [f"{name}（{age}岁）"],
    }  # fmt: skip
    return rng.choice(forms[language])


def named(rng: random.Random, language: str) -> str:
    """Return a name as it stands after a word that introduces it."""
    return given(rng, language) if rng.random() < 0.4 else full(rng, language)


def profile(rng: random.Random, language: str) -> str:
    """Return a link to a person's profile, or an account's name."""
    name = f"{invented(rng, 'en').lower()}.{invented(rng, 'es').lower()}"
    forms = [f"facebook.com/{name}", f"https://www.instagram.com/{name}/", f"@{name}_{digits(rng, 2)}",
             f"t.me/{name.replace('.', '_')}", f"https://www.tiktok.com/@{name}", f"linkedin.com/in/{name}"]  # fmt: skip
    return rng.choice(forms)


MAKERS: dict[str, Callable[[random.Random, str], str]] = {
    "phone": phone,
    "email": email,
    "document_number": document,
    "coordinates": coordinate,
    "address": address,
    "name_and_date": dated,
    "person_name": named,
    "profile": profile,
}

FRAMES: dict[str, dict[str, list[str]]] = {
    "en": {
        "phone": ["The mother can be reached on {}.", "In June we called {} to arrange the return of two girls.", "Her telephone: {}, evenings only.", "The recruiter used the number {} to contact 14 women."],
        "email": ["She wrote to {} about the contract.", "Contact of the survivor: {}", "The file was sent from {} on 3 May 2026."],
        "document_number": ["Her passport no. {} had been taken by the employer.", "The travel document was issued under passport number {}.", "ID card {} was returned to the client."],
        "coordinates": ["The house stands at {}, behind the market.", "GPS: {}", "We found the workshop at {} with 12 children inside."],
        "address": ["She now lives at {} with two other women.", "The flat at {} is used as a shelter.", "Transport to {} cost USD 40."],
        "name_and_date": ["{} was brought to the centre in March.", "Among them was {}, whom the police referred.", "Case 4: {} from the northern region."],
        "person_name": ["Our client {} has gone back to school.", "A girl named {} told the others about the offer.", "Ms {} testified in court on behalf of the women.", "The survivor {} received training worth 300 dollars."],
        "profile": ["He recruited them through {} and promised jobs.", "The woman's page is {} if more is needed."],
    },
    "fr": {
        "phone": ["La mère est joignable au {}.", "En juin, nous avons appelé le {} pour organiser le retour.", "Son téléphone : {} (le soir).", "Le recruteur utilisait le numéro {} pour contacter les filles."],
        "email": ["Elle a écrit à {} au sujet du contrat.", "Contact de la survivante : {}", "Le dossier est parti de {} le 3 mai 2026."],
        "document_number": ["Son passeport n° {} avait été confisqué par l'employeur.", "La carte d'identité numéro {} lui a été rendue.", "Une copie du passeport {} est jointe."],
        "coordinates": ["La maison se trouve à {}, derrière le marché.", "Coordonnées GPS : {}", "L'atelier a été localisé au point {} avec 12 enfants."],
        "address": ["Elle habite maintenant au {} avec deux autres femmes.", "L'appartement situé {} sert de refuge.", "Le transport jusqu'au {} a coûté 25 000 FCFA."],
        "name_and_date": ["{} a été accueillie au centre en mars.", "Parmi elles, {}, orientée par la police.", "Cas 4 : {}, venue du nord."],
        "person_name": ["Notre cliente {} a repris l'école.", "Une fille nommée {} a parlé de l'offre aux autres.", "Mme {} a témoigné devant le tribunal.", "Elle s'appelle {} et vient de la région du nord."],
        "profile": ["Il les recrutait par {} en promettant un emploi.", "La page de la jeune fille est {} pour plus de détails."],
    },
    "es": {
        "phone": ["Se puede localizar a la madre en el {}.", "En junio llamamos al {} para organizar el retorno.", "Su teléfono: {} (por la tarde).", "El reclutador usaba el celular {} para contactar a las niñas."],
        "email": ["Escribió a {} sobre el contrato.", "Contacto de la sobreviviente: {}", "El expediente se envió desde {} el 3 de mayo de 2026."],
        "document_number": ["Su pasaporte n.º {} fue retenido por el empleador.", "Le devolvieron la cédula {} en agosto.", "Se adjunta copia del documento de identidad número {}."],
        "coordinates": ["La casa está en {}, detrás del mercado.", "Coordenadas GPS: {}", "El taller fue ubicado en {} con 12 menores."],
        "address": ["Ahora vive en {} con otras dos mujeres.", "El apartamento de {} funciona como refugio.", "El transporte hasta {} costó 40 dólares."],
        "name_and_date": ["{} llegó al centro en marzo.", "Entre ellas estaba {}, remitida por la policía.", "Caso 4: {}, procedente del norte."],
        "person_name": ["Nuestra beneficiaria {} volvió a la escuela.", "Una niña llamada {} habló de la oferta a las demás.", "La Sra. {} declaró ante el tribunal.", "Se llama {} y viene de la región norte."],
        "profile": ["Las reclutaba por {} con promesas de empleo.", "La página de la joven es {} para más detalles."],
    },
    "ar": {
        "phone": ["يمكن الاتصال بالأم على الرقم {} مساء.", "رقم هاتفها {} وهي تقيم مع شقيقتها.", "استخدم الوسيط الرقم {} للتواصل مع الفتيات.", "الهاتف: {}"],
        "email": ["كتبت إلى {} بخصوص العقد.", "بريد الناجية: {}", "أرسل الملف من {} في 3 مايو 2026."],
        "document_number": ["جواز سفرها رقم {} كان لدى صاحب العمل.", "أعيدت إليها بطاقة الهوية رقم {} في أغسطس.", "الرقم القومي {} مذكور في الملف."],
        "coordinates": ["يقع البيت عند {} خلف السوق.", "إحداثيات الموقع: {}", "وجدنا الورشة عند النقطة {} وفيها 12 طفلا."],
        "address": ["تسكن الآن في {} مع امرأتين.", "تستخدم الشقة في {} كملجأ.", "بلغت كلفة النقل إلى {} أربعين دولارا."],
        "name_and_date": ["وصلت {} إلى المركز في مارس.", "ومن بينهن {} التي أحالتها الشرطة.", "الحالة الرابعة: {} من الشمال."],
        "person_name": ["اسمها {} وقد عادت إلى المدرسة.", "أدلت السيدة {} بشهادتها أمام المحكمة.", "فتاة تدعى {} أخبرت الأخريات بالعرض.", "المدعوة {} حصلت على تدريب."],
        "profile": ["كان يستقطبهن عبر {} ويعدهن بعمل.", "صفحة الشابة هي {} للتفاصيل."],
    },
    "ru": {
        "phone": ["Её телефон {}.", "Вербовщик звонил с номера {} каждый день."],
        "email": ["Она написала на {} о договоре."],
        "document_number": ["Её паспорт {} забрал работодатель."],
        "coordinates": ["Дом находится в точке {} за рынком."],
        "address": ["Сейчас она проживает: {}, с сестрой."],
        "name_and_date": ["{} поступила в приют в марте."],
        "person_name": ["Девушка по имени {} рассказала об этом.", "г-жа {} выступила в суде."],
        "profile": ["Он вербовал их через {} и обещал работу."],
    },
    "zh": {
        "phone": ["她的电话是{}。", "请拨打{}联系母亲。"],
        "email": ["她写信给 {} 询问合同。"],
        "document_number": ["她的护照号码{}被雇主拿走。"],
        "coordinates": ["房子位于 {} 市场后面。"],
        "address": ["她现在住在{}。"],
        "name_and_date": ["{}三月来到中心。"],
        "person_name": ["一名女孩名叫{}。"],
        "profile": ["他通过 {} 招募她们。"],
    },
}  # fmt: skip


def planted() -> list[Planted]:
    """Return the identifiers in their sentences, always the same."""
    rng = random.Random(SEED)
    found = []
    for language, kinds in FRAMES.items():
        for kind, frames in kinds.items():
            for _ in range(FEW if language in {"ru", "zh"} else EACH):
                item, frame = MAKERS[kind](rng, language), rng.choice(frames)
                start = frame.index("{}")
                text = frame.replace("{}", item)
                found.append(Planted(language, kind, text, start, start + len(item)))
    return found


_MONEY = [
    "12 500 000 FCFA",
    "USD 45,000.00",
    "1.250,50 euros",
    "$ 3,400",
    "250 000 XOF",
    "EUR 99.95",
    "KES 1 200 000",
    "45 000 pesos",
]
_CODES = [
    "PLG-2026-0001",
    "GRT-2026-0012",
    "DSB-2025-1043",
    "RCP-2026-0311",
    "GRT-7KQ2MXWB",
    "4.5a",
    "3.2b",
    "01.02.03.04",
    "A.1.12",
    "A/RES/64/293",
    "CH93 0076 2011 6238 5295 7",
    "S/2019/978",
    "INV-2026/118",
    "VA-0231",
]
_DAYS = {
    "en": ["12 March 2026", "03/05/2026", "2026-04-15", "30 July", "15 November 2000"],
    "fr": ["12 mars 2026", "03/05/2026", "1er juin 2026", "30 juillet"],
    "es": ["12 de marzo de 2026", "03/05/2026", "30 de julio de 2025"],
    "ar": ["12 مارس 2026", "٣/٥/٢٠٢٦", "30 يوليو"],
}  # fmt: skip
_PLACES = {
    "en": ["Agadez", "Nairobi", "Burkina Faso", "Cox's Bazar", "Port-au-Prince", "San Pedro Sula", "South Sudan", "Lake Victoria"],
    "fr": ["Agadez", "Bobo-Dioulasso", "Côte d'Ivoire", "Tillabéri", "Saint-Louis", "Ouagadougou"],
    "es": ["Ciudad Juárez", "San Pedro Sula", "Quetzaltenango", "Santa Cruz", "La Paz", "El Salvador"],
    "ar": ["بيروت", "البصرة", "نواكشوط", "مدينة السلام", "جنوب السودان"],
}  # fmt: skip
_POSTS = {
    "en": ["the Minister of Justice", "Madam Chair", "the Special Rapporteur", "the Prosecutor General", "the District Commissioner", "the First Lady"],
    "fr": ["Mme la Ministre de la Justice", "le Procureur général", "Madame la Préfète", "le Directeur régional", "la Rapporteuse spéciale"],
    "es": ["la Sra. Ministra de Justicia", "el Fiscal General", "la Relatora Especial", "el Sr. Alcalde", "la Defensora del Pueblo"],
    "ar": ["السيدة الأولى", "السيد الوزير", "السيدة المقررة", "المدعي العام", "مدير المركز"],
}  # fmt: skip
_LAWS = {
    "en": ["the Palermo Protocol", "Article 3 (a)", "Act No. 28 of 2015", "ILO Convention No. 189", "the Kampala Convention"],
    "fr": ["le Protocole de Palerme", "l'article 3 a)", "la loi n° 2010-86", "la Convention n° 182 de l'OIT"],
    "es": ["el Protocolo de Palermo", "el artículo 3 a)", "la Ley 985 de 2005", "el Convenio núm. 189 de la OIT"],
    "ar": ["بروتوكول باليرمو", "المادة 3 (أ)", "القانون رقم 64 لسنة 2010", "اتفاقية العمل رقم 189"],
}  # fmt: skip
_BODIES = {
    "en": ["Plan International", "the Safe Harbour Foundation", "the Maria Goretti Shelter", "Saint Joseph School", "the Red Cross", "the Northern Women's Network", "the Ministry of Social Affairs"],
    "fr": ["la Croix-Rouge", "l'Association Espoir", "le Centre Marie Curie", "l'Institut Jean Monnet", "la Fondation Terre Nouvelle", "le Ministère de l'Action sociale"],
    "es": ["la Cruz Roja", "la Fundación María Elena", "Casa Alianza", "la Red de Mujeres del Norte", "el Instituto Rosa Blanca", "la Defensoría"],
    "ar": ["جمعية الأمل", "منظمة الهجرة", "دار الأمان", "مركز سارة للنساء", "الهلال الأحمر"],
}  # fmt: skip
HARMLESS = {
    "en": [
        "The training of {day} in {place} cost {money} and reached {count} women.", "{body} and {body2} signed under {law} on {day}.",
        "{post} opened the meeting in {place} on {day}.", "Budget line {code}: {money} of {money2} were spent by {day}.",
        "Girls aged {age} to 17 in {place}: {count} reached, {percent}% of the target.", "Grant {code}, tranche 2, was paid on {day} ({money}).",
        "In {place}, 15-year-old girls are at risk; {count} took part.", "Women ({count}), girls ({count2}) and boys ({age}) received kits.",
        "The hotline received {count} {count2} calls between 2024 and 2026, from {place} and elsewhere.", "Under {law}, {post} may order compensation of {money}.",
        "Article 3 (a) and {law} were explained to {count} officers by {body}.", "{count} copies of the leaflet at {money} each; invoice {code}.",
        "The road to {place} was closed for {age} days after {day}.", "We ran 12 workshops @ {money} with {body}; see register {code}.",
        "Cost per person: 12.345, and per month 67.890, as in table {age}.", "{post} and {body} met 4 times in 2025-2026.",
    ],
    "fr": [
        "La formation du {day} à {place} a coûté {money} et touché {count} femmes.", "{body} et {body2} ont signé selon {law} le {day}.",
        "{post} a ouvert la réunion à {place} le {day}.", "Ligne budgétaire {code} : {money} sur {money2} au {day}.",
        "Filles de {age} à 17 ans à {place} : {count} atteintes, {percent} % de la cible.", "Subvention {code}, tranche 2, payée le {day} ({money}).",
        "À {place}, les filles de 15 ans sont exposées ; {count} ont participé.", "Femmes ({count}), filles ({count2}) et garçons ({age}) ont reçu un kit.",
        "La ligne d'écoute a reçu {count} {count2} appels entre 2024 et 2026.", "Selon {law}, {post} peut ordonner une indemnité de {money}.",
        "{count} exemplaires à {money} ; facture n° {code}.", "La route de {place} est restée fermée {age} jours.",
        "Le projet est né en 2015 avec {body}.", "L'association s'appelle Espoir et travaille à {place}.",
    ],
    "es": [
        "La capacitación del {day} en {place} costó {money} y llegó a {count} mujeres.", "{body} y {body2} firmaron según {law} el {day}.",
        "{post} abrió la reunión en {place} el {day}.", "Partida {code}: {money} de {money2} hasta el {day}.",
        "Niñas de {age} a 17 años en {place}: {count} alcanzadas, {percent} % de la meta.", "Subvención {code}, tramo 2, pagada el {day} ({money}).",
        "En {place}, las niñas de 15 años están en riesgo; participaron {count}.", "Mujeres ({count}), niñas ({count2}) y niños ({age}) recibieron kits.",
        "La línea recibió {count} {count2} llamadas entre 2024 y 2026.", "Según {law}, {post} puede ordenar una reparación de {money}.",
        "{count} ejemplares a {money}; factura {code}.", "La organización se llama Alas y trabaja en {place}.",
        "El proyecto nació en 2015 con {body}.", "La carretera a {place} estuvo cerrada {age} días.",
    ],
    "ar": [
        "بلغت كلفة تدريب {day} في {place} {money} وشارك فيه {count} امرأة.", "وقعت {body} و{body2} وفق {law} في {day}.",
        "افتتح {post} الاجتماع في {place} يوم {day}.", "البند {code}: صرف {money} من {money2} حتى {day}.",
        "الفتيات من {age} إلى 17 سنة في {place}: {count}، أي {percent}% من الهدف.", "دفعت المنحة {code} في {day} ({money}).",
        "النساء ({count}) والفتيات ({count2}) والأولاد ({age}) حصلوا على مواد.", "تلقى الخط الساخن {count} {count2} مكالمة بين 2024 و2026.",
        "وفق {law} يجوز لـ{post} الأمر بتعويض قدره {money}.", "الفتاة التي وصلت في {day} حصلت على الرعاية.",
        "طبعت {count} نسخة بمبلغ {money}، فاتورة رقم {code}.", "{count} فتاة من {place} حصلن على تدريب في {body}.",
    ],
}  # fmt: skip
HARMLESS_EACH = 160


def harmless() -> list[Planted]:
    """Return sentences with nothing personal in them, always the same."""
    rng = random.Random(SEED + 1)
    found = []
    for language, frames in HARMLESS.items():
        for number in range(HARMLESS_EACH):
            found.append(
                Planted(language, "", _filled(rng, language, frames[number % len(frames)]))
            )
    return found


def _filled(rng: random.Random, language: str, frame: str) -> str:
    def one(words: list[str]) -> str:
        return rng.choice(words)

    text = frame.format(
        day=one(_DAYS[language]), place=one(_PLACES[language]), money=one(_MONEY), money2=one(_MONEY),
        count=rng.randint(18, 980), count2=rng.randint(100, 999), age=rng.randint(9, 16),
        percent=rng.randint(10, 99), code=one(_CODES), body=one(_BODIES[language]),
        body2=one(_BODIES[language]), law=one(_LAWS[language]), post=one(_POSTS[language]),
    )  # fmt: skip
    return text[0].upper() + text[1:]
